# SPDX-License-Identifier: Apache-2.0
"""What gen.sh of the Milvus documentation makes: a CA whose key is a file, one certificate for the server and one for the
client, both with the same extensions."""
from .run import run

# the page of Milvus 2.3
CA = "/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost"
LEAF = "/C=CN/O=milvus/OU=milvus/CN=localhost"
EXTENSIONS = ("basicConstraints=CA:FALSE", "keyUsage=nonRepudiation,digitalSignature,keyEncipherment",
              "subjectAltName=DNS:localhost,DNS:*.ronething.cn,DNS:*.ronething.com")


def gen(folder, ca=CA, leaf=LEAF, extensions=EXTENSIONS, days="3650"):
    folder.mkdir()
    # what OpenSSL adds by itself depends on its version
    (folder / "openssl.cnf").write_text("\n".join([
        "[req]", "distinguished_name=dn", "[dn]", "[v3_ca]", "basicConstraints=CA:true", "subjectKeyIdentifier=hash", "[v3_req]",
        "authorityKeyIdentifier=none", *extensions, ""]))

    def openssl(*args):
        run(["openssl", *args], cwd=folder)

    openssl("genrsa", "-out", "ca.key", "2048")
    openssl("req", "-new", "-x509", "-key", "ca.key", "-out", "ca.pem", "-days", days, "-subj", ca, "-config", "openssl.cnf",
            "-extensions", "v3_ca")
    for who in ("server", "client"):
        openssl("genpkey", "-algorithm", "RSA", "-out", f"{who}.key")
        (folder / f"{who}.key").chmod(0o600)
        openssl("req", "-new", "-key", f"{who}.key", "-out", f"{who}.csr", "-subj", leaf, "-config", "openssl.cnf")
        openssl("x509", "-req", "-days", days, "-in", f"{who}.csr", "-out", f"{who}.pem", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-extfile", "openssl.cnf", "-extensions", "v3_req")
