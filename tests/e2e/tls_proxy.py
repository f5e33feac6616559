"""TLS before a store that speaks none: a listener with a certificate that can be changed while it runs."""
import contextlib
import socket
import ssl
import threading
import urllib.parse


class TlsProxy:
    """Forwards what comes through TLS to the store at `uri`; one thread each way for each connection."""

    def __init__(self, uri):
        address = urllib.parse.urlsplit(uri)
        self.store = address.hostname, address.port
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port, self.context = self.listening.getsockname()[1], None
        threading.Thread(target=self._accept, daemon=True).start()

    def use(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.context = context

    def close(self):
        self.listening.close()

    def _accept(self):
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        with contextlib.suppress(OSError), contextlib.closing(plain):
            with self.context.wrap_socket(plain, server_side=True) as client, socket.create_connection(self.store) as store:
                back = threading.Thread(target=self._copy, args=(store, client), daemon=True)
                back.start()
                self._copy(client, store)
                back.join()

    @staticmethod
    def _copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
