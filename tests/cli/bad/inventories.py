# SPDX-License-Identifier: Apache-2.0
"""Inventories that are refused. Each is base.yaml with some words replaced by others, given to `mica plan`; what must be
said stands in expected/NAME.txt."""

CA = "    days: 3650\n"
END = "    rest-port: 8080\n"
SECOND_DEPLOYMENT = END + """\
  - name: test
    kind: files
    out: out/test
    server: server
    clients: [ingest]
    tls-mode: 2
"""


def second(state):
    return f"""\
  - name: g2
    state: {state}
    module: softhsm2
    key: "pkcs11:token=milvus-ca;object=ca2"
    pin: file:pin
    subject: {{ C: US, O: Example, CN: Milvus CA g2 }}
"""


def dns(name):
    return [("dns: [localhost, milvus.example.com]", f"dns: [localhost, {name}]")]


def key(uri):
    return [('"pkcs11:token=milvus-ca;object=ca"', f'"{uri}"')]


def target(*ids):
    return "    cdc:\n" + "".join(f"      {i}: {{ ca: /c/ca.pem, cert: /c/client.pem, key: /c/client.key }}\n" for i in ids)


INVENTORIES = {
    # --- the text ---
    "yaml-empty": "",
    "yaml-only-a-comment": "# nothing\n",
    "yaml-not-a-mapping": "- version: 1\n",
    "yaml-colon-in-text": [("common-name: ingest", "common-name: ingest: first")],
    "yaml-indentation": [("    profile: client\n", "   profile: client\n")],
    "yaml-unclosed": [("dns: [localhost, milvus.example.com]", "dns: [localhost, milvus.example.com")],
    "yaml-tab": [("    state: issuing", "\tstate: issuing")],
    "yaml-anchor": [("common-name: localhost", "common-name: &cn localhost")],
    "yaml-alias": [("common-name: localhost", "common-name: &cn localhost"), ("common-name: ingest", "common-name: *cn")],
    "yaml-second-document": [(END, END + "---\nversion: 1\n")],
    "yaml-leftover": [(END, END + "...\nleft over\n")],
    "yaml-duplicate-key": [("    tls-mode: 2\n", "    tls-mode: 2\n    tls-mode: 0\n")],
    "yaml-nul": [("common-name: ingest", 'common-name: "in\\0gest"')],
    "yaml-escape-character": [("common-name: ingest", 'common-name: "in\\egest"')],
    "yaml-control-character": [("common-name: ingest", "common-name: in\x01gest")],
    "yaml-not-utf8": [("common-name: ingest", b"common-name: in\xffgest")],
    "yaml-tag": [("common-name: ingest", "common-name: !!binary aW5nZXN0")],
    "yaml-merge-key": [("  - name: ingest", "  - <<: { name: ingest }")],

    # --- keys and types ---
    "key-unknown": [("version: 1\n", "version: 1\ncolour: blue\n")],
    "key-misspelt": [("    tls-mode: 2\n", "    tlsmode: 2\n")],
    "key-unknown-subject": [("O: Example", "O: Example, DC: example")],
    "key-many-faults": [("version: 1", "version: 7"), ("days: 90", "days: soon"), ("tls-mode: 2", "tls-mode: 9"),
                        ("profile: client", "profile: both"), ("rest-port: 8080", "rest-port: -1")],
    "version-missing": [("version: 1\n", "")],
    "version-unknown": [("version: 1\n", "version: 2\n")],
    "version-a-word": [("version: 1\n", "version: one\n")],
    "type-list-for-text": [("common-name: ingest", "common-name: [ingest]")],
    "type-text-for-list": [("clients: [ingest]", "clients: ingest")],
    "type-list-for-mapping": [("defaults: { algorithm: ec-p256, days: 90, renew-before: 1/3, backdate: 1h }", "defaults: [90]")],
    "type-yes-for-true": [("internal-tls: true", "internal-tls: yes")],
    "type-null": [("common-name: ingest", "common-name:")],
    "days-a-word": [("days: 90", "days: soon")],
    "days-zero": [("days: 90", "days: 0")],
    "days-negative": [("days: 90", "days: -90")],
    "days-fraction": [("days: 90", "days: 90.5")],
    "days-huge": [("days: 90", "days: 99999999999999999999")],
    "days-hexadecimal": [("days: 90", "days: 0x5a")],
    "days-beyond-the-ca": [("days: 90", "days: 3651")],
    "days-ca-huge": [(CA, "    days: 400000\n")],
    "renew-before-whole-life": [("renew-before: 1/3", "renew-before: 3/3")],
    "renew-before-nonsense": [("renew-before: 1/3", "renew-before: often")],
    "renew-before-zero-denominator": [("renew-before: 1/3", "renew-before: 1/0")],
    "renew-before-longer-than-days": [("renew-before: 1/3", "renew-before: 91d")],
    "backdate-nonsense": [("backdate: 1h", "backdate: -1h")],
    "algorithm-unknown": [("defaults: { algorithm: ec-p256", "defaults: { algorithm: ed25519")],
    "algorithm-weak": [("defaults: { algorithm: ec-p256", "defaults: { algorithm: rsa-1024")],

    # --- the CA ---
    "ca-none": [("ca:\n  - name: g1", "ca: []\nx:\n  - name: g1")],
    "ca-missing": [("ca:\n", "cas:\n")],
    "ca-two": [(CA, CA + second("issuing"))],
    "ca-two-unsaid": [(CA, CA + second("issuing").replace("    state: issuing\n", ""))],
    "ca-not-issuing": [("state: issuing", "state: trusted")],
    "ca-none-issuing": [("state: issuing", "state: retired"), (CA, CA + second("trusted"))],
    "ca-second-half": [(CA, CA + '  - name: g2\n    state: trusted\n    key: "pkcs11:token=milvus-ca;object=ca2"\n')],
    "ca-name-twice": [(CA, CA + second("trusted").replace("name: g2", "name: g1"))],
    "ca-key-twice": [(CA, CA + second("trusted").replace("object=ca2", "object=ca"))],
    "ca-subject-twice": [(CA, CA + second("trusted").replace("CA g2", "CA G1"))],
    "ca-cross-sign-retired": [(CA, CA + second("retired") + "    cross-sign: true\n")],
    "ca-cross-sign-intermediate": [(CA, CA + second("trusted") + "    cross-sign: true\n    parent: [root.pem]\n")],
    "ca-state-unknown": [("state: issuing", "state: active")],
    "ca-name-path": [("name: g1", "name: ../g1")],
    "ca-key-missing": [('    key: "pkcs11:token=milvus-ca;object=ca"\n', "")],
    "ca-key-no-uri": key("milvus-ca"),
    "ca-key-bare": key("pkcs11:"),
    "ca-key-pin-value": key("pkcs11:token=milvus-ca;object=ca?pin-value=1234"),
    "ca-key-pin-source": key("pkcs11:token=milvus-ca;object=ca?pin-source=file:pin"),
    "ca-key-unknown-attribute": key("pkcs11:token=milvus-ca;object=ca;colour=blue"),
    "ca-key-duplicate-attribute": key("pkcs11:token=milvus-ca;object=ca;object=cb"),
    "ca-key-no-object": key("pkcs11:token=milvus-ca"),
    "ca-key-no-token": key("pkcs11:object=ca"),
    "ca-key-a-certificate": key("pkcs11:token=milvus-ca;object=ca;type=cert"),
    "ca-subject-empty": [("subject: { C: US, O: Example, CN: Milvus CA g1 }", "subject: {}")],
    "ca-subject-missing": [("    subject: { C: US, O: Example, CN: Milvus CA g1 }\n", "")],
    "ca-subject-country": [("C: US", "C: USA")],
    "ca-subject-long": [("CN: Milvus CA g1", "CN: " + 65 * "x")],
    "ca-parent-none": [(CA, CA + "    parent: []\n")],
    "ca-parent-missing-file": [(CA, CA + "    parent: [root.pem]\n")],
    "ca-parent-not-a-certificate": [(CA, CA + "    parent: [mica.yaml]\n")],
    "ca-permitted-names": [(CA, CA + "    permitted-dns: [example.com]\n")],
    "ca-permitted-wildcard": [(CA, CA + '    permitted-dns: ["*.example.com"]\n')],
    "pin-in-the-inventory": [("pin: file:pin", 'pin: "1234"')],
    "pin-file-without-a-name": [("pin: file:pin", 'pin: "file:"')],
    "pin-fd-nonsense": [("pin: file:pin", "pin: fd:three")],
    "pin-number": [("pin: file:pin", "pin: 1234")],
    "pin-environment": [("pin: file:pin", "pin: env:CA_PIN")],
    "pin-credential-path": [("pin: file:pin", "pin: credential:../ca-pin")],
    "touch-a-word": [(CA, CA + "    touch: always\n")],
    "adopted-missing-file": [("    days: 3650\n", "    days: 3650\n    certificate: ca.pem\n")],
    "adopted-not-a-certificate": [("    days: 3650\n", "    days: 3650\n    certificate: mica.yaml\n")],
    "trust-missing-file": [("version: 1\n", "version: 1\ntrust: [old-ca.pem]\n")],

    # --- certificates ---
    "certificates-none": [("certificates:\n", "certificates: []\nx:\n")],
    "certificate-name-twice": [("  - name: ingest\n", "  - name: server\n")],
    "certificate-name-path": [("  - name: ingest\n", "  - name: ../../etc/ingest\n"), ("[ingest]", "[../../etc/ingest]")],
    "certificate-name-dots": [("  - name: ingest\n", "  - name: ..data\n"), ("[ingest]", "[..data]")],
    "profile-unknown": [("profile: client", "profile: both")],
    "profile-missing": [("    profile: client\n", "")],
    "san-none": [("    dns: [localhost, milvus.example.com]\n    ip: [127.0.0.1]\n", "")],
    "cn-not-in-san": [("common-name: localhost", "common-name: db.example.com")],
    "cn-long": [("common-name: ingest", "common-name: " + 65 * "i")],
    "cn-empty": [("common-name: ingest", 'common-name: ""')],
    "cn-blanks": [("common-name: ingest", 'common-name: " ingest "')],
    "dns-empty": dns('""'),
    "dns-underscore": dns("milvus_db.example.com"),
    "dns-hyphen": dns("-milvus.example.com"),
    "dns-blank": dns('"milvus example.com"'),
    "dns-two-dots": dns("milvus..example.com"),
    "dns-label-long": dns(64 * "m" + ".example.com"),
    "dns-name-long": dns(".".join(5 * [50 * "m"]) + ".example.com"),
    "dns-wildcard-inside": dns('"milvus.*.example.com"'),
    "dns-wildcard-part": dns('"milvus*.example.com"'),
    "dns-wildcard-alone": dns('"*"'),
    "dns-wildcard-top": dns('"*.com"'),
    "dns-an-address": dns('"10.0.0.1"'),
    "dns-a-url": dns('"https://milvus.example.com"'),
    "dns-a-port": dns('"milvus.example.com:19530"'),
    "dns-openssl-syntax": dns('"localhost,DNS:evil.example.com"'),
    "dns-bad-punycode": dns("xn--zzzzzz-.example.com"),
    "dns-twice": dns("localhost"),
    "ip-nonsense": [("ip: [127.0.0.1]", "ip: [127.0.0]")],
    "ip-leading-zero": [("ip: [127.0.0.1]", "ip: [127.0.0.01]")],
    "ip-network": [("ip: [127.0.0.1]", "ip: [127.0.0.0/8]")],
    "ip-zone": [("ip: [127.0.0.1]", 'ip: ["fe80::1%eth0"]')],
    "csr-missing-file": [("common-name: ingest\n", "common-name: ingest\n    csr: ingest.csr\n")],
    "csr-and-algorithm": [("common-name: ingest\n", "common-name: ingest\n    csr: ingest.csr\n    algorithm: rsa-2048\n")],

    # --- deployments ---
    "milvus-none": [("milvus:\n", "milvus: []\nx:\n")],
    "deployment-name-twice": [(END, SECOND_DEPLOYMENT.replace("test", "prod").replace("out/prod", "out/other"))],
    "deployment-same-out": [(END, SECOND_DEPLOYMENT.replace("out/test", "out/prod").replace("tls-mode: 2", "tls-mode: 1"))],
    "deployment-out-inside-another": [(END, SECOND_DEPLOYMENT.replace("out/test", "out/prod/tls").replace("tls-mode: 2", "tls-mode: 1"))],
    "deployment-out-is-state": [("out: out/prod", "out: state")],
    "deployment-two-mutual": [(END, SECOND_DEPLOYMENT)],
    "kubernetes-namespace-of-files": [(END, END + "    namespace: milvus\n")],
    "kubernetes-patch-of-helm": [("kind: files", "kind: helm"), (END, END + "    patch: true\n")],
    "kubernetes-label": [("kind: files", "kind: helm"), (END, END + "    labels: { team: \"a b\" }\n")],
    "kubernetes-release": [("kind: files", "kind: operator"), (END, END + "    release: My_Release\n")],
    "kubernetes-csr": [("kind: files", "kind: helm"), ("    common-name: localhost", "    csr: s.csr\n    common-name: localhost")],
    "service-names-of-files": [(END, END + "    service-names: true\n")],
    "dependency-unknown": [(END, END + "    dependencies: { redis: { ca: /certs/ca.pem } }\n")],
    "dependency-not-a-map": [(END, END + "    dependencies: { minio: /certs/ca.pem }\n")],
    "dependency-etcd-without-pair": [(END, END + "    dependencies: { etcd: { ca: /certs/ca.pem } }\n")],
    "dependency-half-a-pair": [(END, END + "    dependencies: { tikv: { ca: /certs/ca.pem, cert: /certs/client.pem } }\n")],
    "dependency-path": [(END, END + "    dependencies: { minio: { ca: ca.pem }, kafka: { ca: /certs/../ca.pem } }\n")],
    "dependency-key-of-another": [(END, END + "    dependencies: { minio: { key: /certs/client.key } }\n")],
    "dependency-min-version": [(END, END + '    dependencies: { minio: { min-version: "1.1" } }\n')],
    "dependency-version": [('version: "2.6"', 'version: "2.6.11"'),
                           (END, END + '    dependencies: { minio: { min-version: "1.2" } }\n')],
    "dependency-version-unsaid": [(END, END + "    dependencies: { minio: { min-version: 1.2 } }\n")],
    "cdc-version": [('version: "2.6"', 'version: "2.6.11"'), (END, END + target("by-dev2"))],
    "cdc-version-unsaid": [(END, END + target("by-dev2"))],
    "cdc-id": [('version: "2.6"', 'version: "3.0"'), (END, END + target("dc.2"))],
    "cdc-id-of-nothing": [('version: "2.6"', 'version: "3.0"'), (END, END + target("__"))],
    "cdc-ids-collide": [('version: "2.6"', 'version: "2.6.12"'), (END, END + target("dc_2", "DC2", "dc-2"))],
    "cdc-without-key": [('version: "2.6"', 'version: "3.0"'), (END, END + "    cdc: { dc2: { ca: /c/ca.pem, cert: /c/c.pem } }\n")],
    "cdc-list": [('version: "2.6"', 'version: "3.0"'), (END, END + "    cdc: [dc2]\n")],
    "kind-unknown": [("kind: files", "kind: swarm")],
    "milvus-version-nonsense": [('version: "2.6"', 'version: "latest"')],
    "milvus-version-old": [('version: "2.6"', 'version: "1.1"')],
    "server-unknown": [("server: server\n", "server: serve\n")],
    "server-is-a-client": [("server: server\n", "server: ingest\n")],
    "server-missing": [("    server: server\n", "")],
    "client-unknown": [("clients: [ingest]", "clients: [ingest, egest]")],
    "client-is-a-server": [("clients: [ingest]", "clients: [server]")],
    "client-twice": [("clients: [ingest]", "clients: [ingest, ingest]")],
    "tls-mode-unknown": [("tls-mode: 2", "tls-mode: 3")],
    "tls-mode-a-word": [("tls-mode: 2", "tls-mode: mutual")],
    "sni-not-in-san": [("sni: localhost", "sni: elsewhere.example.com")],
    "sni-empty": [("sni: localhost", 'sni: ""')],
    "rest-port-too-high": [("rest-port: 8080", "rest-port: 65536")],
    "rest-port-taken": [("rest-port: 8080", "rest-port: 19530")],
    "mount-relative": [(END, END + "    mount: milvus/tls\n")],
    "owner-nonsense": [(END, END + "    owner: milvus\n")],
    "key-mode-nonsense": [(END, END + '    key-mode: "0999"\n')],
    "key-mode-world": [(END, END + '    key-mode: "0644"\n')],
    "keep-zero": [(END, END + "    keep: 0\n")],
    "endpoint-without-port": [(END, END + "    endpoints: [127.0.0.1]\n")],
    "endpoint-bad-port": [(END, END + '    endpoints: ["127.0.0.1:http"]\n')],
    "restart-is-no-shell": [(END, END + '    restart: [docker, restart, milvus, "&&", date]\n')],
    "restart-in-one-word": [(END, END + "    restart: [docker restart milvus]\n")],
    "deadline-of-nothing": [(END, END + "    deadline: 2m\n")],
    "deadline-too-long": [(END, END + "    restart: [./restart]\n    deadline: 2d\n")],
    "internal-tls-too-old": [('version: "2.6"', 'version: "2.4"')],
}

# the URI of a key is judged by the token's door, which `mica plan` does not knock at
BY_INIT = {name for name in INVENTORIES if name.startswith("ca-key-")}
