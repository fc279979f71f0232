# Copyright: (c) 2026, Ollama Scanner maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server for the plays: the scanner's databases, over the socket and, with TLS and passwords, over the network."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness import FIXTURES, Client, majors

ADDRESS = "127.0.0.1"
TEMPLATE = "scanner_template"
SHOP = """
SET ROLE ollama_owner;
CREATE TABLE customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE NOT NULL);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, total numeric NOT NULL);
CREATE VIEW order_list AS SELECT o.id, c.email, o.total FROM orders o JOIN customers c ON c.id = o.customer_id;
INSERT INTO customers (email) VALUES ('a@example.org');
INSERT INTO orders (customer_id, total) VALUES (1, 5), (1, 6);
"""


class PlayServer:
    """A throwaway cluster of the newest major under test."""

    def __init__(self) -> None:
        from tooling.cluster import Cluster, unprivileged_user  # its folder comes on the path in conftest.py

        self._folder = Path(tempfile.mkdtemp(prefix="pgops-tls-", dir="/tmp"))
        self._folder.chmod(0o755)
        self.certificate, key = _certificate(self._folder)
        user = unprivileged_user()
        if user is not None:
            shutil.chown(key, user)
        settings = {"ssl": "on", "ssl_cert_file": f"'{self.certificate}'", "ssl_key_file": f"'{key}'"}
        self.cluster = Cluster.start(major=max(majors()), tcp=True, settings=settings)
        self._numbers = itertools.count(1)
        self._admin = Client(self.cluster.dsn("postgres"))
        self._admin.run((FIXTURES / "scanner_roles.sql").read_text(encoding="utf-8"))
        self._admin.run(f"CREATE DATABASE {TEMPLATE} OWNER ollama_owner TEMPLATE template0")
        client = Client(self.cluster.dsn(TEMPLATE))
        for name in ("scanner_schema.sql", "scanner_data.sql"):
            client.run((FIXTURES / name).read_text(encoding="utf-8"))
        client.close()

    def database(self, name: str | None = None) -> str:
        """The name of a new database with the scanner's objects and rows; one of that name before is dropped."""
        name = name or f"scanner_{next(self._numbers)}"
        self._admin.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._admin.run(f"CREATE DATABASE {name} OWNER ollama_owner TEMPLATE {TEMPLATE}")
        return name

    def shop(self) -> None:
        """The database of the README's example: two orders of one customer, and a view that joins them."""
        self._admin.run("CREATE DATABASE shop OWNER ollama_owner TEMPLATE template0")
        client = Client(self.cluster.dsn("shop"))
        client.run(SHOP)
        client.close()

    def over_socket(self) -> dict[str, Any]:
        """The inventory's variables for connecting as the superuser over the socket."""
        return {"pgops_login_unix_socket": self.cluster.socket_dir, "pgops_login_port": self.cluster.port}

    def over_network(self) -> dict[str, Any]:
        """The same over the network, with TLS; the password is not among them."""
        return {
            "pgops_login_host": ADDRESS,
            "pgops_login_unix_socket": "",
            "pgops_login_ssl_mode": "verify-full",
            "pgops_login_ca_cert": str(self.certificate),
        }

    @property
    def password_line(self) -> str:
        """The superuser's line for a password file."""
        return f"{ADDRESS}:{self.cluster.port}:*:*:{self.cluster.password}\n"

    def picture(self, database: str) -> dict[str, str]:
        """The schema as pg_dump writes it, and for every table its rows' number and digest."""
        dump = self.cluster.run("pg_dump", "--schema-only", dbname=database)
        # Newer majors write a random word here.
        lines = [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
        client = Client(self.cluster.dsn(database))
        rows = {}
        tables = (
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for table in client.column(tables):
            content = 'md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C"))'
            rows[table] = str(client.value(f"SELECT count(*) || ' ' || {content} FROM {table} AS t"))
        client.close()
        return {"schema": hashlib.sha256("\n".join(lines).encode()).hexdigest(), **rows}

    def stop(self) -> None:
        """End the cluster and remove its certificate."""
        self._admin.close()
        self.cluster.stop()
        shutil.rmtree(self._folder)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for the loopback address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ADDRESS)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    places = folder / "server.pem", folder / "server.key"
    places[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    places[1].touch(mode=0o600)
    places[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return places
