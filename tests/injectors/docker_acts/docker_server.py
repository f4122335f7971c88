"""A server in a container that does what it is told over HTTP, and tells how that went. Standard library only.

Its last lines of output are those of a program that runs in the container: `python3 -c`.
"""

SERVER = r"""
import errno, json, os, resource, signal, subprocess, sys, threading, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

def healthz():
    return {"now": time.time(), "pid": os.getpid()}

def read(*paths):
    for path in paths:
        try:
            with open(path) as file:
                return file.read().split()
        except FileNotFoundError:
            pass

def throttled():
    words = read("/sys/fs/cgroup/cpu/cpu.stat", "/sys/fs/cgroup/cpu.stat")
    return int(words[words.index("nr_throttled") + 1])

def spin(seconds):
    before, end = throttled(), time.process_time() + float(seconds)
    while time.process_time() < end:
        pass
    return throttled() - before

def memory():
    return read("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max")[0]

def threads(count):
    gate, started = threading.Event(), []
    try:
        for _ in range(int(count)):
            one = threading.Thread(target=gate.wait)
            one.start()
            started.append(one)
    except RuntimeError:
        pass
    gate.set()
    for one in started:
        one.join()
    return len(started)

def files(count):
    kept = []
    try:
        for _ in range(int(count)):
            kept.append(open("/dev/null"))
    except OSError as cause:
        return errno.errorcode[cause.errno]
    finally:
        for one in kept:
            one.close()
    return "all"

def write(path, kb):
    try:
        with open(path, "wb", buffering=0) as file:
            for _ in range(int(kb)):
                file.write(b"x" * 1024)
    except OSError as cause:
        return errno.errorcode[cause.errno]
    finally:
        if os.path.exists(path):
            os.remove(path)
    return "all"

def child():
    with open(f"/proc/{sys.argv[1]}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]

def resist(seconds):
    # Cannot be frozen for so long: a thread waits in the kernel for a page that nobody brings (userfaultfd).
    import ctypes, fcntl, mmap, struct
    pages = ctypes.CDLL(None, use_errno=True).syscall(323, os.O_CLOEXEC)
    if pages < 0:
        return os.strerror(ctypes.get_errno())
    fcntl.ioctl(pages, 0xC018AA3F, struct.pack("QQQ", 0xAA, 0, 0))
    room = mmap.mmap(-1, mmap.PAGESIZE)
    begins = ctypes.addressof(ctypes.c_char.from_buffer(room))
    fcntl.ioctl(pages, 0xC020AA00, struct.pack("QQQQ", begins, mmap.PAGESIZE, 1, 0))
    zero = os.open("/dev/zero", os.O_RDONLY)
    waits = threading.Thread(target=os.readv, args=(zero, [room]))
    waits.start()
    deadline = time.monotonic() + 10
    while read(f"/proc/self/task/{waits.native_id}/wchan") != ["handle_userfault"]:
        if time.monotonic() > deadline:
            return "does not resist"
        time.sleep(0.001)
    threading.Timer(float(seconds), os.close, [pages]).start()
    return "resists"

def end(*_):
    # As one that has something to finish: it needs its grace.
    time.sleep(1)
    sys.exit()

class Told(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urlsplit(self.path)
        answer = globals()[asked.path.strip("/")](**dict(parse_qsl(asked.query)))
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

if "ends-when-told" in sys.argv:
    signal.signal(signal.SIGTERM, end)
if "with-child" in sys.argv: # ignores what this one ignores
    sys.argv[1:] = [str(subprocess.Popen(["sleep", "100000"], restore_signals=False).pid)]
HTTPServer(("0.0.0.0", 8000), Told).serve_forever()
"""
