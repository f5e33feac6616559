"""Holds connections open until standard input ends:  idle_senders.py [--use] ADDRESS COUNT [ADDRESS COUNT ...]

ADDRESS is a path or a port of loopback. With --use every second one on a path sends an event and reads its answer
before it idles: what a used connection keeps counts, too. Prints `open` once all stand.
"""
import resource
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


def main(words):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    is_used = words[0] == "--use"
    pairs = words[1:] if is_used else words
    peers = [(address, connected(address)) for address, count in zip(pairs[::2], pairs[1::2])
             for _ in range(int(count))]
    if is_used:
        use([peer for address, peer in peers if not address.isdigit()][::2])
    print("open", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
