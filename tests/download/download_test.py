"""`mobileclip download` against TLS servers on 127.0.0.1.

usage: download_test.py PROGRAM SOURCE-FOLDER [unittest arguments]
"""
import base64
import errno
import hashlib
import json
import math
import os
import pty
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from tls_server import Certificates, TlsServer, slow, whole

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
SHIM = os.environ.get("MOBILECLIP_FAULT_SHIM")  # of tests/cli/fault_shim.c
with open(os.path.join(SOURCE, "assets/mobileclip_nano.safetensors"), "rb") as nano:
    MODEL = nano.read()
HASH = hashlib.sha256(MODEL).hexdigest()
DIGEST = "sha-256=:" + base64.b64encode(hashlib.sha256(MODEL).digest()).decode() + ":"
FLIPPED = MODEL[:-100] + bytes([MODEL[-100] ^ 1]) + MODEL[-99:]


def write_zeros(path, variant):
    """A safetensors file with every tensor of a published checkpoint, all zero: mostly a hole."""
    header, size = {}, 0
    with open(os.path.join(SOURCE, f"tests/data/models/{variant}.state_dict.tsv"),
              encoding="utf-8") as names:
        for name, shape, dtype in (line.split() for line in names if line[0] != "#"):
            sizes = [] if shape == "scalar" else [int(word) for word in shape.split("x")]
            width, code = {"float32": (4, "F32"), "int64": (8, "I64")}[dtype]
            end = size + width * math.prod(sizes)
            header[name] = {"dtype": code, "shape": sizes, "data_offsets": [size, end]}
            size = end
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(file.tell() + size)


class DownloadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="mobileclip-download-")
        cls.certificates = Certificates(cls.scratch.name)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def setUp(self):
        self.home = tempfile.mkdtemp(dir=self.scratch.name)
        self.server = self.serve(self.certificates.good)
        self.final = os.path.join(self.home, "drawings.safetensors")
        self.part = self.final + ".part"

    def serve(self, certificate, newest=None):
        server = TlsServer(certificate, newest)
        self.addCleanup(server.close)
        return server

    def start(self, *words, trust="SSL_CERT_FILE", environment=None, **more):
        environment = {"PATH": os.environ["PATH"], "MOBILECLIP_HOME": self.home,
                       **(environment or {})}
        if trust:
            environment[trust] = self.certificates.ca
        more.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen([PROGRAM, *words], env=environment, stdout=subprocess.PIPE, text=True,
                                **more)

    def run_program(self, *words, **more):
        process = self.start(*words, **more)
        process.out, process.err = process.communicate(timeout=60)
        return process

    def get(self, path="/nano.safetensors", *words, server=None, name="drawings", **more):
        url = (server or self.server).url(path)
        return self.run_program("download", name, "--url", url, *words, **more)

    def expect_failure(self, done, code, *parts):
        """The exit code, nothing on stdout, and a last sentence that holds every part."""
        self.assertEqual(done.returncode, code, done.err)
        self.assertEqual(done.out, "")
        lines = done.err.splitlines()
        self.assertTrue(lines and all(line.startswith("mobileclip: ") for line in lines), done.err)
        for part in parts:
            self.assertIn(part, lines[-1])
        self.assertFalse(os.path.exists(self.final))
        return lines

    def put(self, name, content):
        """A file in the models folder that no download brought."""
        with open(os.path.join(self.home, name), "wb") as file:
            file.write(content)

    def record(self, name="drawings"):
        with open(os.path.join(self.home, name + ".licence.json"), encoding="utf-8") as file:
            return json.load(file)

    def expect_nothing_left(self):
        self.assertEqual(os.listdir(self.home), [])

    # What works

    def test_good_file_is_stored_recorded_and_found_by_name(self):
        self.server.routes["/nano.safetensors"] = whole(MODEL, Repr_Digest=DIGEST)
        done = self.get()
        self.assertEqual((done.returncode, done.out), (0, self.final + "\n"), done.err)
        self.assertIn("licence", done.err)
        self.assertEqual(sorted(os.listdir(self.home)),
                         ["drawings.licence.json", "drawings.safetensors"])
        record = self.record()
        self.assertEqual(record["sha256"], HASH)
        self.assertEqual(record["bytes"], len(MODEL))
        self.assertEqual(record["checked"], "stated by the server")
        self.assertEqual(record["source"], self.server.url("/nano.safetensors"))
        picture = os.path.join(SOURCE, "examples/openmoji-pizza.png")
        found = self.run_program("classify", "-m", "drawings", picture, "-l", "a dog", "-l",
                                 "a pizza", "--json")
        self.assertEqual(json.loads(found.out)["labels"][0]["label"], "a pizza", found.err)

    def test_second_download_asks_nobody_and_checks_the_file(self):
        self.server.routes["/nano.safetensors"] = whole(MODEL)
        self.assertEqual(self.get().returncode, 0)
        again = self.get("/nano.safetensors", "--json")
        self.assertEqual(again.returncode, 0, again.err)
        self.assertTrue(json.loads(again.out)["already_there"])
        self.assertEqual(len(self.server.log), 1)
        with open(self.final, "wb") as file:
            file.write(FLIPPED)
        changed = self.get()
        self.assertEqual(changed.returncode, 4, changed.err)
        self.assertIn(HASH, changed.err)

    def test_file_brought_by_hand_gets_its_record(self):
        self.put("drawings.safetensors", MODEL)
        for record in (None, b"{", b'{"file": "drawings.pt", "sha256": "00"}'):
            with self.subTest(record):
                if record is not None:
                    self.put("drawings.licence.json", record)
                done = self.get("/nano.safetensors", "--sha256", HASH)
                self.assertEqual((done.returncode, done.out), (0, self.final + "\n"), done.err)
                self.assertIn("licence", done.err)
                self.assertIn("already", done.err)
                written = self.record()
                self.assertEqual(
                    [written[key] for key in ("file", "source", "sha256", "checked", "bytes")],
                    ["drawings.safetensors", "", HASH, "--sha256", len(MODEL)])
                self.assertRegex(written["date"], r"^20\d\d-\d\d-\d\dT")
        self.assertEqual(self.server.log, [])
        self.put("drawings.safetensors", FLIPPED)
        self.assertEqual(self.get().returncode, 4)

    def test_record_of_a_published_name_states_the_licence(self):
        write_zeros(os.path.join(self.home, "mobileclip_s0.pt"), "mobileclip_s0")
        done = self.run_program("download", "mobileclip_s0")
        self.assertEqual(done.returncode, 0, done.err)
        self.assertIn("research only", done.err)
        record = self.record("mobileclip_s0")
        self.assertIn("Apple", record["licence"])
        self.assertTrue(record["terms"].startswith("https://"), record)

    def test_wrong_file_brought_by_hand_stays_and_is_not_recorded(self):
        for name, content, code, part in (("drawings.safetensors", MODEL[:-9], 4, "remove it"),
                                          ("drawings.safetensors", b"<!DOCTYPE html>", 1, "remove it"),
                                          ("mobileclip_s0.pt", MODEL, 1, "not mobileclip_s0")):
            with self.subTest(name):
                self.put(name, content)
                done = self.get("/" + name, name=name.split(".")[0])
                self.assertEqual((done.returncode, done.out), (code, ""), done.err)
                self.assertIn(part, done.err)
                self.assertEqual(os.listdir(self.home), [name])
                os.remove(os.path.join(self.home, name))
        self.assertEqual(self.server.log, [])

    def test_quiet_says_nothing(self):
        self.server.routes["/nano.safetensors"] = whole(MODEL)
        done = self.get("/nano.safetensors", "-q", trust="CURL_CA_BUNDLE")
        self.assertEqual((done.returncode, done.err, done.out), (0, "", self.final + "\n"))

    def test_terminal_shows_one_line(self):
        self.server.routes["/nano.safetensors"] = slow(MODEL)
        terminal, theirs = pty.openpty()
        process = self.start("download", "drawings", "--url", self.server.url("/nano.safetensors"),
                             stderr=theirs)
        process.communicate(timeout=60)
        os.close(theirs)
        shown = os.read(terminal, 1 << 16).decode()
        os.close(terminal)
        self.assertEqual(process.returncode, 0, shown)
        self.assertGreater(shown.count("\r\x1b[K"), 3, shown)
        self.assertIn(" MB/s", shown)

    def test_hub_statement_outlives_the_redirect(self):
        def hub(handler):
            handler.reply(302, Location="/storage", X_Linked_Etag=f'"{HASH}"',
                          X_Linked_Size=str(len(MODEL)))
        self.server.routes["/nano.safetensors"] = hub
        self.server.routes["/storage"] = whole(MODEL, etag='"' + "0" * 64 + '"')
        done = self.get("/nano.safetensors", "--json")
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(json.loads(done.out)["checked"], "stated by the server")
        os.remove(self.final)
        self.server.routes["/storage"] = whole(FLIPPED, etag='"' + "0" * 64 + '"')
        self.expect_failure(self.get(), 4, HASH)

    def test_next_address_when_a_server_has_no_such_file(self):
        self.server.routes["/nano.safetensors"] = whole(MODEL)
        done = self.get("/missing", "--url", self.server.url("/nano.safetensors"))
        self.assertEqual(done.returncode, 0, done.err)
        self.assertIn("404", done.err)

    # Resuming

    def cut_off(self, etag='"one"'):
        """A first run that loses its connection halfway."""
        half = len(MODEL) // 2
        self.server.routes["/nano.safetensors"] = (
            lambda handler: handler.reply(200, MODEL[:half], length=len(MODEL), ETag=etag))
        lines = self.expect_failure(self.get(), 1, "ended the connection", f"{half} bytes are kept")
        self.assertEqual(os.path.getsize(self.part), half)
        return half, lines

    def test_truncated_then_resumed(self):
        half, _ = self.cut_off()
        self.server.routes["/nano.safetensors"] = whole(MODEL, Repr_Digest=DIGEST)
        done = self.get()
        self.assertEqual(done.returncode, 0, done.err)
        headers = self.server.log[-1][1]
        self.assertEqual((headers["Range"], headers["If-Range"]), (f"bytes={half}-", '"one"'))
        with open(self.final, "rb") as file:
            self.assertEqual(file.read(), MODEL)

    def test_changed_file_begins_again(self):
        self.cut_off()
        self.server.routes["/nano.safetensors"] = whole(MODEL, etag='"two"')
        done = self.get()
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(self.server.log[-1][1]["If-Range"], '"one"')
        self.assertIn("begins again", done.err)

    def test_server_that_ignores_if_range_is_noticed(self):
        self.cut_off()

        def wrong(handler):
            if "Range" in handler.headers:
                handler.reply(206, FLIPPED[-10:], ETag='"two"',
                              Content_Range=f"bytes {len(MODEL) // 2}-{len(MODEL) - 1}/{len(MODEL)}")
            else:
                handler.reply(200, MODEL, ETag='"two"')
        self.server.routes["/nano.safetensors"] = wrong
        done = self.get()
        self.assertEqual(done.returncode, 0, done.err)

    def test_without_a_strong_tag_it_begins_again(self):
        half = len(MODEL) // 2
        self.server.routes["/nano.safetensors"] = (
            lambda handler: handler.reply(200, MODEL[:half], length=len(MODEL), ETag='W/"one"'))
        self.expect_failure(self.get(), 1, "ended the connection")
        self.server.routes["/nano.safetensors"] = whole(MODEL, etag='W/"one"')
        self.assertEqual(self.get().returncode, 0)
        self.assertNotIn("Range", self.server.log[-1][1])

    def test_damaged_part_is_found_by_the_hash(self):
        self.cut_off()
        with open(self.part, "r+b") as file:
            file.write(b"\0")
        self.server.routes["/nano.safetensors"] = whole(MODEL, Repr_Digest=DIGEST)
        self.expect_failure(self.get(), 4, HASH)
        self.expect_nothing_left()

    def test_interrupt_leaves_a_part_that_goes_on(self):
        self.server.routes["/nano.safetensors"] = slow(MODEL, seconds=20)
        process = self.start("download", "drawings", "--url", self.server.url("/nano.safetensors"))
        deadline = time.monotonic() + 20
        while not (os.path.exists(self.part) and os.path.getsize(self.part) > 0):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        self.assertNotEqual(process.returncode, 0)
        have = os.path.getsize(self.part)
        self.server.routes["/nano.safetensors"] = whole(MODEL)
        self.assertEqual(self.get().returncode, 0)
        self.assertEqual(self.server.log[-1][1]["Range"], f"bytes={have}-")
        with open(self.final, "rb") as file:
            self.assertEqual(file.read(), MODEL)

    def test_two_at_once(self):
        self.server.routes["/nano.safetensors"] = slow(MODEL)
        words = ("download", "drawings", "--url", self.server.url("/nano.safetensors"))
        both = [self.start(*words), self.start(*words)]
        said = [process.communicate(timeout=60) for process in both]
        self.assertEqual([process.returncode for process in both], [0, 0], said)
        self.assertEqual(len(self.server.log), 1)
        self.assertIn("waiting", said[0][1] + said[1][1])
        with open(self.final, "rb") as file:
            self.assertEqual(file.read(), MODEL)

    # What is refused

    def test_flipped_byte(self):
        self.server.routes["/nano.safetensors"] = whole(FLIPPED, Repr_Digest=DIGEST)
        self.expect_failure(self.get(), 4, HASH, "deleted")
        self.expect_nothing_left()

    def test_hash_of_the_command_line(self):
        self.server.routes["/nano.safetensors"] = whole(FLIPPED)
        self.expect_failure(self.get("/nano.safetensors", "--sha256", HASH), 4, HASH, "--sha256")
        self.expect_nothing_left()
        self.server.routes["/nano.safetensors"] = whole(MODEL)
        self.assertEqual(self.get("/nano.safetensors", "--sha256", HASH.upper()).returncode, 0)

    def test_certificates(self):
        for certificate, part in ((self.certificates.self_signed, "self-signed"),
                                  (self.certificates.elsewhere, "localhost"),
                                  (self.certificates.expired, "expired")):
            with self.subTest(part):
                server = self.serve(certificate)
                server.routes["/nano.safetensors"] = whole(MODEL)
                self.expect_failure(self.get(server=server), 1, "certificate", part)
                self.assertEqual(server.log, [])
        self.server.routes["/nano.safetensors"] = whole(MODEL)
        self.expect_failure(self.get(trust=None), 1, "certificate")
        self.expect_nothing_left()

    def test_old_tls(self):
        server = self.serve(self.certificates.good, newest=ssl.TLSVersion.TLSv1_1)
        server.routes["/nano.safetensors"] = whole(MODEL)
        client = ssl.create_default_context(cafile=self.certificates.ca)
        client.set_ciphers("DEFAULT:@SECLEVEL=0")
        client.minimum_version = ssl.TLSVersion.TLSv1
        with socket.create_connection(("127.0.0.1", server.port)) as plain:
            with client.wrap_socket(plain, server_hostname="localhost") as willing:
                self.assertEqual(willing.version(), "TLSv1.1")
        self.expect_failure(self.get(server=server), 1, "TLS 1.2")

    def test_redirects(self):
        self.server.routes["/nano.safetensors"] = (
            lambda handler: handler.reply(302, Location="http://localhost:9/nano.safetensors"))
        self.expect_failure(self.get(), 1, "http://localhost:9/nano.safetensors", "not https")
        self.server.routes["/nano.safetensors"] = (
            lambda handler: handler.reply(302, Location="/nano.safetensors"))
        self.expect_failure(self.get(), 1, "redirects more than")
        self.expect_nothing_left()

    def test_statuses(self):
        self.expect_failure(self.get("/missing"), 1, "no such file", "404")
        for status in (403, 416, 500, 503, 204):
            self.server.routes["/nano.safetensors"] = lambda handler, s=status: handler.reply(s)
            self.expect_failure(self.get(), 1, str(status))
        self.expect_nothing_left()

    def test_sizes(self):
        def linked(handler):
            handler.reply(302, Location="/storage", X_Linked_Size=str(len(MODEL) + 1))
        self.server.routes["/nano.safetensors"] = linked
        self.server.routes["/storage"] = whole(MODEL)
        self.expect_failure(self.get(), 4, str(len(MODEL) + 1), str(len(MODEL)))
        self.server.routes["/nano.safetensors"] = whole(b"")
        self.expect_failure(self.get(), 1, "0 bytes")
        self.server.routes["/nano.safetensors"] = (
            lambda handler: handler.reply(200, MODEL[:9], length=1 << 60, ETag='"one"'))
        self.expect_failure(self.get(), 1, "limit")
        self.expect_nothing_left()

    def test_stalled(self):
        def stall(handler):
            handler.reply(200, MODEL[:1000], length=len(MODEL), ETag='"one"')
            time.sleep(20)
        self.server.routes["/nano.safetensors"] = stall
        started = time.monotonic()
        self.expect_failure(self.get("/nano.safetensors", "--timeout", "2"), 1, "for 2 s",
                            "1000 bytes are kept")
        self.assertLess(time.monotonic() - started, 15)

    def test_nobody_there(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        done = self.run_program("download", "drawings", "--url", f"https://localhost:{port}/x.pt")
        self.assertEqual(len(self.expect_failure(done, 1, "cannot reach localhost")), 1)
        # A name that by definition is nobody's: found out without leaving the machine's resolver.
        done = self.run_program("download", "drawings", "--url", "https://nobody.invalid/x.pt")
        self.assertEqual(len(self.expect_failure(done, 1, "cannot find nobody.invalid")), 1)
        self.expect_nothing_left()

    def test_full_disk(self):
        self.server.routes["/nano.safetensors"] = whole(MODEL)
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        self.expect_failure(self.get(preexec_fn=limit), 1, "cannot write", "1048576 bytes are kept")
        self.assertEqual(self.get().returncode, 0)

    def fault(self, at):
        """A download whose operation number `at` fails; the name of that, or "" if it has fewer."""
        mark = os.path.join(self.scratch.name, "mark")
        error = errno.ENOSPC if at % 2 == 0 else errno.EIO
        done = self.get(environment={"LD_PRELOAD": SHIM, "FAULT_AT": str(at),
                                     "FAULT_ERRNO": str(error), "FAULT_MARK": mark})
        if not os.path.exists(mark):
            return done, ""
        with open(mark, encoding="utf-8") as file:
            operation = file.read()
        os.remove(mark)
        return done, operation

    @unittest.skipUnless(SHIM, "no shim that lets operations fail")
    def test_every_operation_may_fail(self):
        self.server.routes["/nano.safetensors"] = whole(MODEL, Repr_Digest=DIGEST)

        def begin():
            shutil.rmtree(self.home)
            os.mkdir(self.home)
        few, many = 0, 1 << 14  # it has more than few, fewer than many
        while many - few > 1:
            begin()
            middle = (few + many) // 2
            few, many = (middle, many) if self.fault(middle)[1] else (few, middle)
        # Most are writes of the same kind, one after the other.
        places = sorted({*range(1, 21), *range(20, few, few // 20), *range(few - 20, few + 1)})
        seen = set()
        for at in places:
            begin()
            done, operation = self.fault(at)
            with self.subTest(at=at, operation=operation):
                seen.add(operation)
                if os.path.exists(self.final):
                    with open(self.final, "rb") as file:
                        self.assertEqual(file.read(), MODEL)
                    self.assertEqual(self.record()["sha256"], HASH)
                else:
                    self.assertEqual((done.returncode, done.out), (1, ""), done.err)
                again = self.get()
                self.assertEqual(again.returncode, 0, again.err)
                with open(self.final, "rb") as file:
                    self.assertEqual(file.read(), MODEL)
                self.assertEqual(sorted(os.listdir(self.home)),
                                 ["drawings.licence.json", "drawings.safetensors"])
        self.assertLessEqual({"write", "pwrite", "fsync", "rename", "mmap"}, seen)

    def test_what_is_no_checkpoint_or_another(self):
        self.server.routes["/page.pt"] = whole(b"<!DOCTYPE html><html>sign in</html>")
        self.expect_failure(self.get("/page.pt"), 1, "web page", "deleted")
        self.server.routes["/s0.pt"] = whole(MODEL)
        done = self.get("/s0.pt", name="mobileclip_s0")
        self.expect_failure(done, 1, "mobileclip_nano, not mobileclip_s0")
        self.assertIn("research only", done.err)
        self.server.routes["/half.safetensors"] = whole(MODEL[:len(MODEL) // 2])
        self.expect_failure(self.get("/half.safetensors"), 4, "deleted")
        self.expect_nothing_left()

    def test_command_line(self):
        for code, parts, words in (
                (2, ("one NAME", "mobileclip_s0"), ()),
                (2, ("one NAME",), ("a", "b")),
                (2, ("mobileclip_s9", "mobileclip_s0"), ("mobileclip_s9",)),
                (2, ("is no NAME",), ("../evil", "--url", "https://localhost/x")),
                (2, ("https://",), ("own", "--url", "http://localhost/x.pt")),
                (2, ("https://",), ("own", "--url", "file:///etc/passwd")),
                (2, ("64 hexadecimal",), ("own", "--url", "https://localhost/x", "--sha256", "12")),
                (2, ("--timeout",), ("mobileclip_s0", "--timeout", "0"))):
            with self.subTest(words):
                lines = self.expect_failure(self.run_program("download", *words), code, *parts)
                self.assertEqual(len(lines), 1)
        self.expect_nothing_left()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
