"""The real nginx in front of a served newsroom, set up by deploy/nginx.conf and deploy/nginx-shared.conf."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
NAME = "digest.example.org"
MISSING = "needs nginx and openssl (Debian: nginx-light, openssl)"
HERE = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
IS_HERE = bool(HERE and shutil.which("openssl"))

_AROUND = """
{user} daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/start.log warn;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
    uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
    {site}
}}
"""


@dataclass(frozen=True, slots=True)
class Front:
    """nginx with its two doors, and what it has written down."""

    root: Path
    port: int
    secure_port: int
    client: httpx2.Client

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.root.glob("*.log")))


@contextmanager
def in_front_of(root: Path, public: Path, application: int) -> Iterator[Front]:
    """nginx as deploy/nginx.conf sets it up, before the application on that port, until the block ends."""
    port, secure_port = _free(), _free()
    key, certificate = root / "key.pem", root / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run(
        [*made, *named, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    site = (DEPLOY / "nginx-shared.conf").read_text() + (DEPLOY / "nginx.conf").read_text()
    for ours, theirs in {
        "listen 80 default_server;": f"listen 127.0.0.1:{port} default_server;",
        "listen 443 ssl http2 default_server;": f"listen 127.0.0.1:{secure_port} ssl http2 default_server;",
        "listen [::]:80 default_server;": "",
        "listen [::]:443 ssl http2 default_server;": "",
        "listen 80;": f"listen 127.0.0.1:{port};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{secure_port} ssl http2;",
        "listen [::]:80;": "",
        "listen [::]:443 ssl http2;": "",
        "/etc/letsencrypt/live/digest.example.org/fullchain.pem": str(certificate),
        "/etc/letsencrypt/live/digest.example.org/privkey.pem": str(key),
        "/srv/newsroom/public": str(public),
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{application};",
        "/var/log/nginx": str(root),
    }.items():
        assert ours in site, f"deploy/nginx.conf has no {ours}"
        site = site.replace(ours, theirs)
    whole = root / "nginx.conf"
    # The folders of tests are their owner's alone.
    whole.write_text(_AROUND.format(user="user root;" if os.getuid() == 0 else "", root=root, site=site))
    with (root / "start.txt").open("w") as said:
        process = subprocess.Popen([HERE, "-p", str(root), "-c", str(whole)], stderr=said)
    try:
        _wait(process, secure_port, root / "start.txt")
        trust = ssl.create_default_context(cafile=str(certificate))
        address = f"https://{NAME}:{secure_port}"
        transport = _Loopback(verify=trust, trust_env=False)
        with httpx2.Client(base_url=address, transport=transport, timeout=30) as client:
            yield Front(root, port, secure_port, client)
    finally:
        process.terminate()
        process.wait(10)


class _Loopback(httpx2.HTTPTransport):
    """Asks this machine whatever the name says: it is in no DNS."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.extensions = {**request.extensions, "sni_hostname": NAME}
        request.headers["Host"] = (
            NAME if request.headers["Host"].startswith(NAME) else request.headers["Host"]
        )
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


def _wait(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, said.read_text()
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])
