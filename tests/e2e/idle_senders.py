"""Holds connections open until standard input ends:  idle_senders.py [--use|--again] ADDRESS COUNT [ADDRESS COUNT ...]

ADDRESS is a path or a port of loopback. With --use every second one on a path sends an event and reads its answer
before it idles (what a used connection keeps counts, too), and each on a port a request, as one over HTTP must. With --again each that is closed by the
other side is opened anew at once. Prints `open` once all stand.
"""
import resource
import selectors
import socket
import sys


def connected(address):
    is_port = address.isdigit()
    peer = socket.socket(socket.AF_INET if is_port else socket.AF_UNIX)
    peer.connect(("127.0.0.1", int(address)) if is_port else address)
    return peer


def use(peers):
    for number, peer in enumerate(peers):
        peer.sendall(f'{{"tenant_id":"acme","log_id":"idle{number}","event_type":"logout","occurred_at":1}}\n'.encode())
    for peer in peers:
        if b"stored" not in peer.recv(1000):
            sys.exit("an event of the crowd was not stored")


def ask(peers):
    for peer in peers:
        peer.sendall(b"POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]")
    for peer in peers:
        if b" 200 " not in peer.recv(1000):
            sys.exit("a request of the crowd was not answered")


def come_again(peers):
    """Until standard input ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for address, peer in peers:
            selector.register(peer, selectors.EVENT_READ, address)
        while True:
            for key, _ in selector.select():
                if key.data is None:
                    return
                selector.unregister(key.fileobj)
                key.fileobj.close()
                selector.register(connected(key.data), selectors.EVENT_READ, key.data)


def main(words):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    option = words[0] if words[0].startswith("--") else ""
    pairs = words[1:] if option else words
    peers = [(address, connected(address)) for address, count in zip(pairs[::2], pairs[1::2])
             for _ in range(int(count))]
    if option == "--use":
        use([peer for address, peer in peers if not address.isdigit()][::2])
        ask([peer for address, peer in peers if address.isdigit()])
    print("open", flush=True)
    if option == "--again":
        come_again(peers)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
