"""A TLS server on 127.0.0.1 with certificates made for the occasion, for download_test.py."""
import http.server
import os
import ssl
import subprocess
import threading
import time


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


class Certificates:
    """An authority, and certificates by it: each is a pair of paths (certificate, key)."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = self._path("ca.pem")
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self._path("ca.key"),
                 "-out", self.ca, "-subj", "/CN=test authority", "-days", "2")
        self.good = self._issue("good", "localhost", "2")
        self.elsewhere = self._issue("elsewhere", "elsewhere.example", "2")
        self.expired = self._issue("expired", "localhost", "-1")
        self.self_signed = (self._path("self.pem"), self._path("self.key"))
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.self_signed[1],
                 "-out", self.self_signed[0], "-subj", "/CN=localhost", "-days", "2",
                 "-addext", "subjectAltName=DNS:localhost")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _issue(self, name, host, days):
        certificate, key = self._path(name + ".pem"), self._path(name + ".key")
        request, names = self._path(name + ".csr"), self._path(name + ".ext")
        with open(names, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName=DNS:{host}\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request,
                 "-subj", f"/CN={host}")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._path("ca.key"),
                 "-CAcreateserial", "-out", certificate, "-days", days, "-extfile", names)
        return certificate, key


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.log.append((self.path, dict(self.headers)))
        self.close_connection = True
        try:
            self.server.routes[self.path](self)
        except KeyError:
            self.reply(404, b"no such file")
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass  # the client went away, as some tests make it

    def reply(self, status, body=b"", length=None, **headers):
        """Sends `body`; an underscore in a header's name stands for a dash."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # refused handshakes are what some tests are about


class TlsServer:
    """Serves `routes`, functions of the handler by path, and keeps what was asked in `log`."""

    def __init__(self, certificate, newest=None):
        self.http = _Server(("127.0.0.1", 0), _Handler)
        self.http.routes, self.http.log = {}, []
        self.routes, self.log = self.http.routes, self.http.log
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        if newest is not None:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = newest
        # The handshake happens in the connection's own thread, at its first read.
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True,
                                               do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, path):
        return f"https://localhost:{self.port}{path}"

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def whole(body, etag='"one"', **more):
    """A route that gives all of `body`, or the part asked for while the ETag holds."""
    def route(handler):
        wanted = handler.headers.get("Range")
        if wanted and handler.headers.get("If-Range") == etag:
            first = int(wanted.removeprefix("bytes=").removesuffix("-"))
            handler.reply(206, body[first:], ETag=etag,
                          Content_Range=f"bytes {first}-{len(body) - 1}/{len(body)}", **more)
        else:
            handler.reply(200, body, ETag=etag, **more)
    return route


def slow(body, etag='"one"', seconds=2.0):
    """The same over `seconds`, in forty pieces."""
    def route(handler):
        handler.reply(200, b"", length=len(body), ETag=etag)
        step = len(body) // 40 + 1
        for at in range(0, len(body), step):
            handler.wfile.write(body[at:at + step])
            handler.wfile.flush()
            time.sleep(seconds / 40)
    return route
