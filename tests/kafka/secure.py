"""A broker that wants TLS and a name, and lets each name do only what it was granted; certificates by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from schemas.topics import GROUP, TOPICS, Role

from .apache import PASSWORD, USER, Apache, free_port

OPERATIONS = ("READ", "WRITE", "DESCRIBE", "CREATE", "DESCRIBE_CONFIGS")  # on topics, as docs/kafka.md says
CLIENT = "robot"  # the name in the client's certificate


class SecureApache(Apache):
    """`sasl_tls` asks for user and password (any name of `users`, with PASSWORD; SCRAM knows USER only), `tls` for a
    certificate. Whoever comes by `address` may do everything."""

    def __init__(self, folder: Path, users: tuple[str, ...]) -> None:
        self.pem = folder / "pem"
        self.pem.mkdir(parents=True)
        _certificates(self.pem)
        super().__init__(folder, heap_mb=320)
        sasl, tls = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.sasl_tls, self.tls = sasl, tls
        jaas = "org.apache.kafka.common.security"
        known = " ".join(f'user_{user}="{PASSWORD}"' for user in (USER, *users))
        scram = f"{jaas}.scram.ScramLoginModule required;"
        self.settings = {
            "listeners": f"PLAINTEXT://{self.address},SASL_SSL://{sasl},SSL://{tls},CONTROLLER://{self._controller}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": f"{jaas}.plain.PlainLoginModule required {known};",
            "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": scram,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.pem / "server-all.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.pem / "ca.pem"),
            "listener.name.ssl.ssl.client.auth": "required",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def grant_role(self, role: Role, prefix: str) -> str:
        """The rights of least that docs/kafka.md gives a role, to a user of that name, who is returned."""
        topics = [
            (ResourceType.TOPIC, prefix + it.name, operation) for it in TOPICS for operation in it.operations(role)
        ]
        group = [(ResourceType.GROUP, prefix + GROUP, it) for it in ("READ", "DESCRIBE") if role == "worker"]
        rights = [
            AclBinding(
                what,
                name,
                ResourcePatternType.LITERAL,
                f"User:{role}",
                "*",
                AclOperation[operation],
                AclPermissionType.ALLOW,
            )
            for what, name, operation in [*topics, *group]
        ]
        client = AdminClient({"bootstrap.servers": self.address})
        for made in client.create_acls(rights).values():
            made.result(20)
        return role

    def grant(
        self, user: str, prefix: str, *, but_topic: tuple[str, str] | None = None, but_group: str | None = None
    ) -> None:
        """What docs/kafka.md says a user needs on names with the prefix, but for one operation on one topic, or on the
        group."""
        client = AdminClient({"bootstrap.servers": self.address})
        wanted = [(ResourceType.TOPIC, prefix, it, AclPermissionType.ALLOW) for it in OPERATIONS]
        wanted += [(ResourceType.GROUP, prefix, it, AclPermissionType.ALLOW) for it in ("READ", "DESCRIBE")]
        if but_topic is not None:
            wanted.append((ResourceType.TOPIC, prefix + but_topic[0], but_topic[1], AclPermissionType.DENY))
        if but_group is not None:
            wanted.append((ResourceType.GROUP, prefix, but_group, AclPermissionType.DENY))
        rights = [
            AclBinding(what, name, ResourcePatternType.PREFIXED, f"User:{user}", "*", AclOperation[operation], how)
            for what, name, operation, how in wanted
        ]
        for made in client.create_acls(rights).values():
            made.result(20)


def _certificates(folder: Path) -> None:
    """An authority and another one that nobody trusts; a server's and a client's certificate of the first."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for authority in ("ca", "other-ca"):
        openssl(
            "req",
            "-x509",
            *key,
            "-keyout",
            f"{authority}.key",
            "-out",
            f"{authority}.pem",
            "-days",
            "2",
            "-subj",
            f"/CN={authority}",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        )
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
    (folder / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
    for name, subject in (("server", "localhost"), ("client", CLIENT)):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        openssl(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            f"{name}.ext",
            "-out",
            f"{name}.pem",
        )
    whole = (folder / "server.key").read_text() + (folder / "server.pem").read_text()
    (folder / "server-all.pem").write_text(whole)
