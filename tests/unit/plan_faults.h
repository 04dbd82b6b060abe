// SPDX-License-Identifier: Apache-2.0
/* Faults of an inventory: one change of the base each, and what is said of it. */
#ifndef PLAN_FAULTS_H
#define PLAN_FAULTS_H

#include <stddef.h>

static const struct {
	const char *name;
	const char *from, *to; /* one change of the base; from NULL: the whole text */
	const char *faults;
} fault_cases[] = {
	{ "version missing", "version: 1\n", "",
	    "1:1: the inventory needs the key 'version'\n" },
	{ "version 2", "version: 1", "version: 2", "1:10: 'version' must be 1\n" },
	{ "version quoted", "version: 1", "version: \"1\"",
	    "1:10: 'version' must be 1\n"
	    "    hint: take the quotes away\n" },
	{ "no ca", "ca:\n", "xca:\n",
	    "1:1: the inventory needs the key 'ca'\n"
	    "3:1: unknown key 'xca' in the inventory\n"
	    "    hint: did you mean 'ca'?\n" },
	{ "ca a map",
	    "ca:\n"
	    "  - name",
	    "ca:\n"
	    "    name",
	    "4:5: 'ca' must be a list\n"
	    "    hint: begin each entry with '- '\n" },
	{ "ca empty", NULL,
	    "version: 1\n"
	    "state-dir: state\n"
	    "ca: []\n"
	    "defaults: { days: 90, renew-before: 1/3 }\n"
	    "certificates:\n"
	    "  - name: server\n"
	    "    profile: server\n"
	    "    common-name: localhost\n"
	    "    dns: [localhost, milvus.example.com]\n"
	    "    ip: [127.0.0.1]\n"
	    "  - name: ingest\n"
	    "    profile: client\n"
	    "    common-name: ingest\n"
	    "milvus:\n"
	    "  - name: prod\n"
	    "    kind: compose\n"
	    "    version: \"2.6\"\n"
	    "    out: out/prod\n"
	    "    server: server\n"
	    "    clients: [ingest]\n"
	    "    tls-mode: 2\n"
	    "    internal-tls: true\n"
	    "    endpoints: [\"127.0.0.1:19530\"]\n",
	    "3:5: there must be one CA\n" },
	{ "second ca", "defaults:",
	    "  - name: g2\n"
	    "    module: softhsm2\n"
	    "    key: \"pkcs11:token=x;object=y\"\n"
	    "    subject: { CN: g2 }\n"
	    "defaults:",
	    "10:5: two CAs are issuing, 'g1' and 'g2'\n"
	    "    hint: one signs; the others say 'state: trusted', or 'state: retired'\n" },
	{ "two states", "defaults:",
	    "  - name: g2\n"
	    "    state: issuing\n"
	    "    module: softhsm2\n"
	    "    key: \"pkcs11:token=x;object=y\"\n"
	    "    subject: { CN: g2 }\n"
	    "defaults:",
	    "11:12: two CAs are issuing, 'g1' and 'g2'\n"
	    "    hint: one signs; the others say 'state: trusted', or 'state: retired'\n" },
	{ "state trusted", "    pin: prompt", "    state: trusted",
	    "4:3: no CA is issuing\n"
	    "    hint: say 'state: issuing' for the one that is to sign\n" },
	{ "state retired", "    pin: prompt", "    state: retired",
	    "4:3: no CA is issuing\n"
	    "    hint: say 'state: issuing' for the one that is to sign\n" },
	{ "ca twice", "defaults:",
	    "  - name: g1\n"
	    "    state: trusted\n"
	    "    module: softhsm2\n"
	    "    key: \"pkcs11:object=ca;token=milvus-ca?module-name=x\"\n"
	    "    subject: { C: US, O: example, CN: MILVUS CA g1 }\n"
	    "defaults:",
	    "10:11: the name 'g1' is there twice\n"
	    "    hint: the first one is on line 4\n"
	    "13:10: CA 'g1' has this key already\n"
	    "    hint: a new generation has a new key; to renew the certificate of the same "
	    "key: mica init --renew\n"
	    "14:14: CA 'g1' has this subject already: a new generation has a new subject\n"
	    "    hint: such as another number at the end of its CN\n" },
	{ "cross-sign retired", "defaults:",
	    "  - name: g0\n"
	    "    state: retired\n"
	    "    module: softhsm2\n"
	    "    key: \"pkcs11:token=x;object=y\"\n"
	    "    subject: { CN: g0 }\n"
	    "    cross-sign: true\n"
	    "defaults:",
	    "15:17: 'cross-sign' on a CA that is retired: nothing of it is used\n"
	    "    hint: take the key out\n" },
	{ "cross-sign intermediate", "defaults:",
	    "  - name: g2\n"
	    "    state: trusted\n"
	    "    module: softhsm2\n"
	    "    key: \"pkcs11:token=x;object=y\"\n"
	    "    subject: { CN: g2 }\n"
	    "    parent: [root.pem]\n"
	    "    cross-sign: true\n"
	    "defaults:",
	    "16:17: 'cross-sign' is for a root: an intermediate is trusted by way of its "
	    "'parent'\n"
	    "    hint: take the key out\n" },
	{ "days beyond the issuing one", "  - name: g1\n",
	    "  - name: g0\n"
	    "    state: retired\n"
	    "    module: softhsm2\n"
	    "    key: \"pkcs11:token=x;object=y\"\n"
	    "    subject: { CN: g0 }\n"
	    "    days: 9999\n"
	    "    permitted-dns: [example.net]\n"
	    "  - name: g1\n"
	    "    permitted-dns: [localhost]\n",
	    "23:22: the name 'milvus.example.com' is not within 'permitted-dns' of CA 'g1'\n"
	    "    hint: add its domain there, before the CA is made, or take it out\n" },
	{ "state typo", "    pin: prompt", "    state: isuing",
	    "7:12: 'state' must be 'issuing', 'trusted' or 'retired'\n"
	    "    hint: did you mean 'issuing'?\n" },
	{ "parent", "    pin: prompt", "    parent: root.pem",
	    "7:13: 'parent' must be a list of texts\n"
	    "    hint: put it between [ and ]\n" },
	{ "parent empty", "    pin: prompt", "    parent: []",
	    "7:13: 'parent' must name one or more\n"
	    "    hint: take the key out when there is none\n" },
	{ "parent twice", "    pin: prompt", "    parent: [root.pem, ./root.pem]",
	    "7:24: the file '/etc/mica/root.pem' is there twice\n" },
	{ "permitted-dns", "    pin: prompt", "    permitted-dns: example.com",
	    "7:20: 'permitted-dns' must be a list of texts\n"
	    "    hint: put it between [ and ]\n" },
	{ "permitted-dns empty", "    pin: prompt", "    permitted-dns: []",
	    "7:20: 'permitted-dns' must name one or more\n"
	    "    hint: take the key out when there is none\n" },
	{ "permitted-dns wildcard", "    pin: prompt", "    permitted-dns: [\"*.example.com\"]",
	    "7:21: '*.example.com' is not a domain alone\n"
	    "    hint: example.com permits itself and every name below it\n" },
	{ "permitted-dns dot", "    pin: prompt", "    permitted-dns: [.example.com]",
	    "7:21: '.example.com' is not a domain alone\n"
	    "    hint: example.com permits itself and every name below it\n" },
	{ "permitted-dns address", "    pin: prompt", "    permitted-dns: [\"10.0.0.1\"]",
	    "7:21: '10.0.0.1' is an IP address, no DNS name\n"
	    "    hint: a domain, such as example.com\n" },
	{ "permitted-dns names", "    pin: prompt", "    permitted-dns: [example.com]",
	    "15:11: the name 'localhost' is not within 'permitted-dns' of CA 'g1'\n"
	    "    hint: add its domain there, before the CA is made, or take it out\n" },
	{ "permitted-dns server by address", NULL,
	    "version: 1\n"
	    "ca:\n"
	    "  - { name: g1, module: softhsm2, key: \"pkcs11:token=t;object=ca\",\n"
	    "      subject: { CN: g1 }, permitted-dns: [example.com, internal] }\n"
	    "certificates:\n"
	    "  - { name: server, profile: server, ip: [10.0.0.1] }\n"
	    "  - { name: a, profile: client, common-name: ingest.example.org }\n"
	    "  - { name: b, profile: client, common-name: ingest.example.com }\n"
	    "  - { name: c, profile: client, common-name: Reader of example.org }\n"
	    "  - { name: d, profile: client, dns: [a.internal], common-name: x.y }\n"
	    "  - { name: e, profile: client, common-name: 10.0.0.2, ip: [10.0.0.2] }\n"
	    "milvus:\n"
	    "  - { name: prod, kind: files, server: server, clients: [a, b, c, d, e],\n"
	    "      sni: 10.0.0.1 }\n",
	    "6:5: a server without a DNS name: clients take its common name '10.0.0.1' for "
	    "one, "
	    "which is not within 'permitted-dns'\n"
	    "    hint: give it a DNS name within 'permitted-dns' as well\n"
	    "7:46: OpenSSL takes the common name 'ingest.example.org' for a DNS name, which is "
	    "not within 'permitted-dns'\n"
	    "    hint: a common name of one word, or with a blank in it, is not taken for one\n"
	    "11:46: OpenSSL takes the common name '10.0.0.2' for a DNS name, which is not "
	    "within "
	    "'permitted-dns'\n"
	    "    hint: a common name of one word, or with a blank in it, is not taken for "
	    "one\n" },
	{ "permitted-dns twice", "    pin: prompt",
	    "    permitted-dns: [example.com, Example.COM]",
	    "7:34: the domain 'example.com' is there twice\n" },
	{ "touch word", "    pin: prompt", "    touch: yes",
	    "7:12: 'touch' must be true or false\n"
	    "    hint: only these two words are taken\n" },
	{ "cross-sign", "    pin: prompt", "    cross-sign: old.pem",
	    "7:17: 'cross-sign' must be true or false\n" },
	{ "pin credential path", "prompt", "credential:../hunter2",
	    "7:10: 'pin: credential:NAME' needs the name of a credential of systemd's\n"
	    "    hint: such as credential:ca-pin, for LoadCredential=ca-pin:PATH in the "
	    "unit\n" },
	{ "pin credential parent", "prompt", "credential:..",
	    "7:10: 'pin: credential:NAME' needs the name of a credential of systemd's\n"
	    "    hint: such as credential:ca-pin, for LoadCredential=ca-pin:PATH in the "
	    "unit\n" },
	{ "pin credential nothing", "prompt", "'credential:'",
	    "7:10: 'pin: credential:NAME' needs the name of a credential of systemd's\n"
	    "    hint: such as credential:ca-pin, for LoadCredential=ca-pin:PATH in the "
	    "unit\n" },
	{ "pin environment", "prompt", "env:HUNTER2",
	    "7:10: 'pin' is not taken from the environment, which other programs can read\n"
	    "    hint: under systemd credential:NAME, elsewhere file:PATH or fd:N\n" },
	{ "pin literal", "prompt", "hunter2",
	    "7:10: 'pin' must say where the PIN comes from\n"
	    "    hint: prompt, pad, none, file:PATH, fd:N or credential:NAME; the PIN itself "
	    "never stands in this "
	    "file\n" },
	{ "pin number", "prompt", "31415926",
	    "7:10: 'pin' must say where the PIN comes from\n"
	    "    hint: prompt, pad, none, file:PATH, fd:N or credential:NAME; the PIN itself "
	    "never stands in this "
	    "file\n" },
	{ "pin empty file", "prompt", "'file:'",
	    "7:10: 'pin' must say where the PIN comes from\n"
	    "    hint: prompt, pad, none, file:PATH, fd:N or credential:NAME; the PIN itself "
	    "never stands in this "
	    "file\n" },
	{ "pin fd stdout", "prompt", "fd:1",
	    "7:10: 'pin: fd:N' needs the number of an open descriptor, 0 or from 3 to 1023\n" },
	{ "pin fd word", "prompt", "fd:x",
	    "7:10: 'pin: fd:N' needs the number of an open descriptor, 0 or from 3 to 1023\n" },
	{ "pin in key", "object=ca\"", "object=ca?pin-value=hunter2\"",
	    "6:10: the URI of the CA key must not hold a PIN\n"
	    "    hint: say with 'pin' where the PIN comes from\n" },
	{ "pin-source in key", "object=ca\"", "object=ca?pin-source=file:/x\"",
	    "6:10: the URI of the CA key must not hold a PIN\n"
	    "    hint: say with 'pin' where the PIN comes from\n" },
	{ "key no uri", "\"pkcs11:token=milvus-ca;object=ca\"", "milvus-ca",
	    "6:10: 'key' must be a PKCS#11 URI\n"
	    "    hint: such as \"pkcs11:token=milvus-ca;object=ca\"\n" },
	{ "pin without blank",
	    "    pin: prompt\n"
	    "    subject: {",
	    "    subject: { pin:hunter2, ",
	    "7:16: unknown key 'pin' in a subject\n"
	    "    hint: put a blank behind the ':'\n" },
	{ "ca name", "name: g1", "name: G1",
	    "4:11: 'G1' cannot be the name of an entry\n"
	    "    hint: small letters, digits, '.', '_' and '-', the first a letter or digit, "
	    "at most 63\n" },
	{ "subject country", "C: US", "C: usa",
	    "8:19: 'C' must be two capital letters, such as US\n" },
	{ "subject empty", "{ C: US, O: Example, CN: Milvus CA g1 }", "{}",
	    "8:14: the subject of a CA must not be empty\n"
	    "    hint: such as { O: Example, CN: Milvus CA g1 }\n" },
	{ "subject gone", "    subject: { C: US, O: Example, CN: Milvus CA g1 }\n", "",
	    "4:5: a CA without 'certificate' needs the key 'subject'\n"
	    "    hint: such as subject: { O: Example, CN: Milvus CA g1 }\n" },
	{ "subject key", "O: Example", "Org: Example",
	    "8:23: unknown key 'Org' in a subject\n" },
	{ "subject long", "CN: Milvus CA g1",
	    "CN: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	    "8:39: the value of 'CN' has 65 characters, at most 64 are allowed\n" },
	{ "subject blank", "CN: Milvus CA g1", "CN: \"x \"",
	    "8:39: the value of 'CN' begins or ends with a blank\n" },
	{ "subject hidden", "CN: Milvus CA g1", "CN: \"x\\u202ey\"",
	    "8:39: the value of 'CN' has the character U+202E in it, which cannot be seen\n" },
	{ "ca days 0", "days: 3650", "days: 0",
	    "9:11: 'days' must be a whole number from 1 to 36500\n" },
	{ "algorithm", "days: 3650", "algorithm: ed25519",
	    "9:16: 'algorithm' must be 'ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072' or "
	    "'rsa-4096'\n" },
	{ "unknown key", "state-dir", "statedir",
	    "2:1: unknown key 'statedir' in the inventory\n"
	    "    hint: did you mean 'state-dir'?\n" },
	{ "unknown key far", "state-dir: state", "colour: red",
	    "2:1: unknown key 'colour' in the inventory\n" },
	{ "duplicate key", "state-dir: state",
	    "state-dir: state\n"
	    "state-dir: other",
	    "3:1: the key 'state-dir' is there twice\n"
	    "    hint: the first one is on line 2\n" },
	{ "yes", "defaults:",
	    "shared-trust: yes\n"
	    "defaults:",
	    "10:15: 'shared-trust' must be true or false\n"
	    "    hint: only these two words are taken\n" },
	{ "True", "defaults:",
	    "shared-trust: True\n"
	    "defaults:",
	    "10:15: 'shared-trust' must be true or false\n"
	    "    hint: only these two words are taken\n" },
	{ "on", "internal-tls: true", "internal-tls: on",
	    "28:19: 'internal-tls' must be true or false\n"
	    "    hint: only these two words are taken\n" },
	{ "quoted true", "internal-tls: true", "internal-tls: \"true\"",
	    "28:19: 'internal-tls' must be true or false\n"
	    "    hint: take the quotes away\n" },
	{ "bool 1", "internal-tls: true", "internal-tls: 1",
	    "28:19: 'internal-tls' must be true or false\n" },
	{ "octal", "days: 90", "days: 090",
	    "10:19: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n" },
	{ "hex", "days: 90", "days: 0x5a",
	    "10:19: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n" },
	{ "plus", "days: 90", "days: +90",
	    "10:19: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n" },
	{ "float", "days: 90", "days: 90.0",
	    "10:19: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n" },
	{ "exponent", "days: 90", "days: 9e1",
	    "10:19: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n" },
	{ "underscore", "days: 90", "days: 9_0",
	    "10:19: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n" },
	{ "unit", "days: 90", "days: 90d",
	    "10:19: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n" },
	{ "days too many", "days: 90", "days: 36501",
	    "10:19: 'days' must be a whole number from 1 to 36500\n" },
	{ "days null", "days: 90", "days: ~",
	    "10:19: 'days' must be a whole number from 1 to 36500\n" },
	{ "days a list", "days: 90", "days: [90]",
	    "10:19: 'days' must be a whole number from 1 to 36500\n" },
	{ "days beyond the CA, defaults", "days: 90", "days: 4000",
	    "10:19: a certificate of 4000 days would outlive its CA of 3650 days\n" },
	{ "days beyond the CA, own", "    profile: client",
	    "    profile: client\n"
	    "    days: 3651",
	    "19:11: a certificate of 3651 days would outlive its CA of 3650 days\n" },
	{ "days beyond a short CA", "days: 3650", "days: 30",
	    "10:19: a certificate of 90 days would outlive its CA of 30 days\n" },
	{ "renew 3/3", "1/3", "3/3",
	    "10:37: 'renew-before' must be a fraction below 1 or a span of time\n"
	    "    hint: such as 1/3 or 20d\n" },
	{ "renew 0", "1/3", "0d",
	    "10:37: 'renew-before' must be a fraction below 1 or a span of time\n"
	    "    hint: such as 1/3 or 20d\n" },
	{ "renew word", "1/3", "soon",
	    "10:37: 'renew-before' must be a fraction below 1 or a span of time\n"
	    "    hint: such as 1/3 or 20d\n" },
	{ "renew long", "1/3", "90d",
	    "10:37: 'renew-before' is not shorter than the life of 90 days\n" },
	{ "renew long, own days", "    profile: client",
	    "    profile: client\n"
	    "    days: 30\n"
	    "    renew-before: 30d",
	    "20:19: 'renew-before' is not shorter than the life of 30 days\n" },
	{ "backdate", "renew-before: 1/3", "backdate: 1",
	    "10:33: 'backdate' must be a span of time\n"
	    "    hint: such as 1h\n" },
	{ "backdate long", "renew-before: 1/3", "backdate: 90d",
	    "10:33: 'backdate' is not shorter than the life of 90 days\n" },
	{ "text is a number",
	    "name: ingest\n"
	    "    profile",
	    "name: 12\n"
	    "    profile",
	    "17:11: 'name' must be a text, not a number\n"
	    "    hint: put it between double quotes\n"
	    "26:15: there is no certificate 'ingest'\n" },
	{ "text is boolean", "common-name: ingest", "common-name: no",
	    "19:18: 'common-name' must be a text, not what YAML reads as true or false\n"
	    "    hint: put it between double quotes\n" },
	{ "text is null", "common-name: ingest", "common-name:",
	    "19:17: 'common-name' must be a text, not nothing\n"
	    "    hint: take the key out to have the default\n" },
	{ "text is a list", "common-name: ingest", "common-name: [ingest]",
	    "19:18: 'common-name' must be one text\n" },
	{ "text is empty", "common-name: ingest", "common-name: \"\"",
	    "19:18: 'common-name' must be a text that is not empty\n" },
	{ "text has a line end", "common-name: ingest", "common-name: \"a\\nb\"",
	    "19:18: 'common-name' must be a text of one line without control characters\n" },
	{ "entry name",
	    "name: ingest\n"
	    "    profile",
	    "name: Ingest\n"
	    "    profile",
	    "17:11: 'Ingest' cannot be the name of an entry\n"
	    "    hint: small letters, digits, '.', '_' and '-', the first a letter or digit, "
	    "at most 63\n"
	    "26:15: there is no certificate 'ingest'\n" },
	{ "entry name long",
	    "name: ingest\n"
	    "    profile",
	    "name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
	    "    profile",
	    "17:11: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' cannot "
	    "be the name of an entry\n"
	    "    hint: small letters, digits, '.', '_' and '-', the first a letter or digit, "
	    "at most 63\n"
	    "26:15: there is no certificate 'ingest'\n" },
	{ "entry name dot",
	    "name: ingest\n"
	    "    profile",
	    "name: .ingest\n"
	    "    profile",
	    "17:11: '.ingest' cannot be the name of an entry\n"
	    "    hint: small letters, digits, '.', '_' and '-', the first a letter or digit, "
	    "at most 63\n"
	    "26:15: there is no certificate 'ingest'\n" },
	{ "entry twice",
	    "name: ingest\n"
	    "    profile",
	    "name: server\n"
	    "    profile",
	    "17:11: the name 'server' is there twice\n"
	    "    hint: the first one is on line 12\n"
	    "25:13: the certificate 'server' has the profile 'client', a 'server' is needed "
	    "here\n"
	    "26:15: there is no certificate 'ingest'\n" },
	{ "profile missing", "    profile: client\n", "",
	    "17:5: a certificate needs the key 'profile'\n" },
	{ "profile ca", "profile: client", "profile: ca",
	    "18:14: 'profile' must be 'server' or 'client'\n" },
	{ "profile typo", "profile: client", "profile: cleint",
	    "18:14: 'profile' must be 'server' or 'client'\n"
	    "    hint: did you mean 'client'?\n" },
	{ "cn not in san", "common-name: localhost", "common-name: milvus",
	    "14:18: the common name 'milvus' of a server must be one of its names\n"
	    "    hint: add it to dns\n" },
	{ "cn long", "common-name: ingest",
	    "common-name: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
	    "19:18: the value of 'CN' has 65 characters, at most 64 are allowed\n" },
	{ "no san",
	    "    dns: [localhost, milvus.example.com]\n"
	    "    ip: [127.0.0.1]\n",
	    "",
	    "12:5: a server needs a name under dns or ip\n"
	    "    hint: clients look at these names alone, not at the common name\n" },
	{ "ip in dns", "[localhost, milvus", "[localhost, 10.0.0.1, milvus",
	    "15:22: '10.0.0.1' is an IP address, no DNS name\n"
	    "    hint: put it under ip\n" },
	{ "dns in ip", "[127.0.0.1]", "[milvus]", "16:10: 'milvus' is no IP address\n" },
	{ "dns twice", "milvus.example.com", "LOCALHOST",
	    "15:22: the name 'localhost' is there twice\n" },
	{ "dns wildcard", "milvus.example.com", "\"*.com\"",
	    "15:22: '*.com' is matched by no OpenSSL client\n"
	    "    hint: a wildcard needs two labels or more behind it: '*.example.com'\n" },
	{ "dns wildcard inside", "milvus.example.com", "\"milvus.*.com\"",
	    "15:22: 'milvus.*.com' has a '*' that is not its whole first label\n" },
	{ "dns underscore", "milvus.example.com", "milvus_1.example.com",
	    "15:22: 'milvus_1.example.com' has a '_' in it, which no host name may have\n"
	    "    hint: give the service a name with '-' instead\n" },
	{ "dns empty label", "milvus.example.com", "milvus..example.com",
	    "15:22: 'milvus..example.com' has an empty label (two dots, or one at an end)\n" },
	{ "dns label long", "milvus.example.com",
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz.example.com",
	    "15:22: "
	    "'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz.example.com' "
	    "has a label of more than 63 characters\n" },
	{ "dns long", "milvus.example.com",
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
	    "15:22: "
	    "'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz."
	    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz' has more than 253 "
	    "characters\n" },
	{ "dns hyphen", "milvus.example.com", "-milvus.example.com",
	    "15:22: '-milvus.example.com' has a label that begins or ends with '-'\n" },
	{ "dns blank", "milvus.example.com", "\"milvus example.com\"",
	    "15:22: 'milvus example.com' has the character ' ' in it\n" },
	{ "dns number", "milvus.example.com", "milvus.7",
	    "15:22: 'milvus.7' ends with a number, so it is no DNS name\n" },
	{ "dns idn", "milvus.example.com", "\"\xe2\x98\x83.example.com\"",
	    "15:22: '\xe2\x98\x83.example.com' is no internationalised name: string contains a "
	    "disallowed character\n" },
	{ "dns bad a-label", "milvus.example.com", "xn--0.example.com",
	    "15:22: 'xn--0.example.com' is no internationalised name: string contains invalid "
	    "punycode data\n" },
	{ "dns not a list", "[localhost, milvus.example.com]", "localhost",
	    "15:10: 'dns' must be a list of texts\n"
	    "    hint: put it between [ and ]\n" },
	{ "dns item null", "[localhost, milvus.example.com]", "[localhost, ~]",
	    "15:22: each item of 'dns' must be a text, not nothing\n" },
	{ "dns item map", "[localhost, milvus.example.com]", "[localhost, { a: b }]",
	    "15:22: each item of 'dns' must be one text\n" },
	{ "ip mapped", "[127.0.0.1]", "[\"::ffff:10.0.0.1\"]",
	    "16:10: '::ffff:10.0.0.1' is an IPv4 address in IPv6 clothes, which no client "
	    "looks for\n"
	    "    hint: write it as 10.0.0.1\n" },
	{ "ip zero", "[127.0.0.1]", "[\"0.0.0.0\"]",
	    "16:10: '0.0.0.0' is no address that a client could reach\n" },
	{ "ip prefix", "[127.0.0.1]", "[\"10.0.0.0/8\"]",
	    "16:10: '10.0.0.0/8' is no IP address\n" },
	{ "csr and algorithm", "    common-name: ingest",
	    "    csr: ingest.csr\n"
	    "    algorithm: ec-p256",
	    "20:16: 'algorithm' has no meaning with 'csr': the key is there already\n" },
	{ "unused", "milvus:\n",
	    "  - name: spare\n"
	    "    profile: client\n"
	    "milvus:\n",
	    "20:11: no deployment uses the certificate 'spare'\n"
	    "    hint: name it under 'server' or 'clients' of a deployment, or take it out\n" },
	{ "kind typo", "kind: compose", "kind: compos",
	    "22:11: 'kind' must be 'compose', 'helm', 'operator' or 'files'\n"
	    "    hint: did you mean 'compose'?\n" },
	{ "kind missing", "    kind: compose\n", "",
	    "21:5: a deployment needs the key 'kind'\n" },
	{ "milvus version old", "\"2.6\"", "\"2.2\"",
	    "23:14: 'version' must be from 2.3 to 3.0\n" },
	{ "milvus version new", "\"2.6\"", "\"3.1\"",
	    "23:14: 'version' must be from 2.3 to 3.0\n" },
	{ "milvus version v", "\"2.6\"", "\"v2.6\"",
	    "23:14: 'version' must be a version of Milvus\n"
	    "    hint: write it without the 'v'\n" },
	{ "milvus version word", "\"2.6\"", "latest",
	    "23:14: 'version' must be a version of Milvus\n"
	    "    hint: such as \"2.6\"\n" },
	{ "milvus 2.3 needs milvus-yaml", "\"2.6\"", "\"2.3.5\"",
	    "23:14: Milvus 2.3.5 does not read user.yaml\n"
	    "    hint: say with 'milvus-yaml' which milvus.yaml the keys are merged into\n"
	    "28:19: Milvus 2.3.5 has no internal TLS, which came with 2.5\n" },
	{ "internal tls with 2.4", "\"2.6\"", "\"2.4\"",
	    "28:19: Milvus 2.4 has no internal TLS, which came with 2.5\n" },
	{ "out is state", "out/prod", "state",
	    "24:10: 'out' is the state directory, or lies in it\n" },
	{ "out in state", "out/prod", "./state/../state/prod",
	    "24:10: 'out' is the state directory, or lies in it\n" },
	{ "state in out", "state-dir: state", "state-dir: out/prod/tls/state",
	    "24:10: the state directory lies in 'tls' of this deployment\n" },
	{ "milvus-yaml is the output", "    tls-mode: 2",
	    "    milvus-yaml: out/prod/milvus.yaml\n"
	    "    tls-mode: 2",
	    "27:18: 'milvus-yaml' is the file that is written: "
	    "'/etc/mica/out/prod/milvus.yaml'\n"
	    "    hint: name the original\n" },
	{ "server unknown", "server: server", "server: servr",
	    "25:13: there is no certificate 'servr'\n"
	    "    hint: did you mean 'server'?\n" },
	{ "server a client", "server: server", "server: ingest",
	    "25:13: the certificate 'ingest' has the profile 'client', a 'server' is needed "
	    "here\n" },
	{ "server missing", "    server: server\n", "",
	    "21:5: a deployment needs the key 'server'\n" },
	{ "clients unknown", "[ingest]", "[ingest, qery]",
	    "26:23: there is no certificate 'qery'\n" },
	{ "clients a server", "[ingest]", "[ingest, server]",
	    "26:23: the certificate 'server' has the profile 'server', a 'client' is needed "
	    "here\n" },
	{ "clients twice", "[ingest]", "[ingest, ingest]",
	    "26:23: the client 'ingest' is there twice\n" },
	{ "tls-mode 3", "tls-mode: 2", "tls-mode: 3",
	    "27:15: 'tls-mode' must be a whole number from 0 to 2\n" },
	{ "endpoints without tls", "tls-mode: 2", "tls-mode: 0",
	    "29:16: with 'tls-mode: 0' there is no certificate to probe for\n"
	    "    hint: take the endpoints out, or let tls-mode be 1 or 2\n" },
	{ "sni unknown", "    tls-mode: 2",
	    "    sni: other\n"
	    "    tls-mode: 2",
	    "27:10: the server 'server' has no name 'other'\n"
	    "    hint: add it to the server's dns\n" },
	{ "sni wildcard alone",
	    "[localhost, milvus.example.com]\n"
	    "    ip: [127.0.0.1]",
	    "[\"*.example.com\"]",
	    "14:18: the common name 'localhost' of a server must be one of its names\n"
	    "    hint: add it to dns\n"
	    "20:5: the server 'server' has wildcard names alone\n"
	    "    hint: say with 'sni' which name is checked\n" },
	{ "rest-port", "    tls-mode: 2",
	    "    rest-port: 65536\n"
	    "    tls-mode: 2",
	    "27:16: 'rest-port' must be a whole number from 0 to 65535\n" },
	{ "rest-port taken", "    tls-mode: 2",
	    "    rest-port: 19530\n"
	    "    tls-mode: 2",
	    "27:16: the port 19530 is one of Milvus's own\n"
	    "    hint: such as 8080\n" },
	{ "mount relative", "    tls-mode: 2",
	    "    mount: milvus/tls\n"
	    "    tls-mode: 2",
	    "27:12: 'mount' must be an absolute path\n"
	    "    hint: such as /milvus/tls\n" },
	{ "mount root", "    tls-mode: 2",
	    "    mount: /\n"
	    "    tls-mode: 2",
	    "27:12: 'mount' must be a directory of its own, without '..'\n"
	    "    hint: such as /milvus/tls\n" },
	{ "mount dots", "    tls-mode: 2",
	    "    mount: /milvus/../tls\n"
	    "    tls-mode: 2",
	    "27:12: 'mount' must be a directory of its own, without '..'\n"
	    "    hint: such as /milvus/tls\n" },
	{ "owner name", "    tls-mode: 2",
	    "    owner: milvus\n"
	    "    tls-mode: 2",
	    "27:12: 'owner' must be uid:gid in numbers\n"
	    "    hint: such as \"1000:1000\"\n" },
	{ "owner half", "    tls-mode: 2",
	    "    owner: 1000\n"
	    "    tls-mode: 2",
	    "27:12: 'owner' must be uid:gid in numbers\n"
	    "    hint: such as \"1000:1000\"\n" },
	{ "key-mode others", "    tls-mode: 2",
	    "    key-mode: \"0604\"\n"
	    "    tls-mode: 2",
	    "27:15: 'key-mode' must not let others use a private key\n"
	    "    hint: 0600, 0400, 0640 or 0440\n" },
	{ "key-mode nobody", "    tls-mode: 2",
	    "    key-mode: \"0040\"\n"
	    "    tls-mode: 2",
	    "27:15: 'key-mode' must let the owner read the key\n"
	    "    hint: 0600, 0400, 0640 or 0440\n" },
	{ "key-mode execute", "    tls-mode: 2",
	    "    key-mode: \"0700\"\n"
	    "    tls-mode: 2",
	    "27:15: 'key-mode' is not fit for a private key\n"
	    "    hint: 0600, 0400, 0640 or 0440\n" },
	{ "key-mode decimal", "    tls-mode: 2",
	    "    key-mode: 384\n"
	    "    tls-mode: 2",
	    "27:15: 'key-mode' must be a file mode in octal\n"
	    "    hint: 0600, 0400, 0640 or 0440\n" },
	{ "keep 0", "    tls-mode: 2",
	    "    keep: 0\n"
	    "    tls-mode: 2",
	    "27:11: 'keep' must be a whole number from 1 to 100\n" },
	{ "keep 101", "    tls-mode: 2",
	    "    keep: 101\n"
	    "    tls-mode: 2",
	    "27:11: 'keep' must be a whole number from 1 to 100\n" },
	{ "restart text", "    tls-mode: 2",
	    "    restart: docker restart milvus\n"
	    "    tls-mode: 2",
	    "27:14: 'restart' must be a list of texts\n"
	    "    hint: put it between [ and ]\n" },
	{ "restart one word", "    tls-mode: 2",
	    "    restart: [docker restart milvus]\n"
	    "    tls-mode: 2",
	    "27:15: 'restart' is a list of words, and this is one word with blanks in it\n"
	    "    hint: write [docker, compose, restart, standalone]\n" },
	{ "restart shell", "    tls-mode: 2",
	    "    restart: [cd, x, \"&&\", ./restart, \"|\", tee, log]\n"
	    "    tls-mode: 2",
	    "27:22: 'restart' runs without a shell, to which alone '&&' has a meaning\n"
	    "    hint: put it into a script, and name that\n"
	    "27:39: 'restart' runs without a shell, to which alone '|' has a meaning\n"
	    "    hint: put it into a script, and name that\n" },
	{ "deadline alone", "    tls-mode: 2",
	    "    deadline: 2m\n"
	    "    restart: []\n"
	    "    tls-mode: 2",
	    "27:15: there is nothing that this deadline is for\n"
	    "    hint: say with 'restart' what is to be done within it\n" },
	{ "deadline", "    tls-mode: 2",
	    "    deadline: 2\n"
	    "    restart: [x]\n"
	    "    tls-mode: 2",
	    "27:15: 'deadline' must be a text, not a number\n"
	    "    hint: put it between double quotes\n" },
	{ "deadline long", "    tls-mode: 2",
	    "    deadline: 61m\n"
	    "    restart: [x]\n"
	    "    tls-mode: 2",
	    "27:15: '61m' is not a span of 1s to 1h\n"
	    "    hint: such as 2m\n" },
	{ "deadline none", "    tls-mode: 2",
	    "    deadline: 0s\n"
	    "    restart: [x]\n"
	    "    tls-mode: 2",
	    "27:15: '0s' is not a span of 1s to 1h\n"
	    "    hint: such as 2m\n" },
	{ "endpoint no port", "127.0.0.1:19530", "localhost",
	    "29:17: 'localhost' is no endpoint\n"
	    "    hint: HOST:PORT, such as 127.0.0.1:19530, milvus.example.com:19530 or "
	    "[::1]:19530\n" },
	{ "endpoint port", "127.0.0.1:19530", "localhost:65536",
	    "29:17: 'localhost:65536' is no endpoint\n"
	    "    hint: HOST:PORT, such as 127.0.0.1:19530, milvus.example.com:19530 or "
	    "[::1]:19530\n" },
	{ "endpoint v6", "127.0.0.1:19530", "::1:19530",
	    "29:17: '::1:19530' is no endpoint\n"
	    "    hint: HOST:PORT, such as 127.0.0.1:19530, milvus.example.com:19530 or "
	    "[::1]:19530\n" },
	{ "endpoint host", "127.0.0.1:19530", "a_b:19530",
	    "29:17: 'a_b' has a '_' in it, which no host name may have\n"
	    "    hint: give the service a name with '-' instead\n" },
	{ "endpoint twice", "\"127.0.0.1:19530\"", "\"127.0.0.1:19530\", \"127.0.0.1:19530\"",
	    "29:36: the endpoint '127.0.0.1:19530' is there twice\n" },
	{ "trust item", "defaults:",
	    "trust: [old.pem, 7]\n"
	    "defaults:",
	    "10:18: each item of 'trust' must be a text, not a number\n"
	    "    hint: put it between double quotes\n" },
	{ "anchor", "state-dir: state", "state-dir: &secret state",
	    "2:12: anchors (&) are not taken\n"
	    "    hint: write the value out where it is needed\n" },
	{ "alias", "[localhost, milvus.example.com]",
	    "&a [localhost, milvus.example.com]\n"
	    "    csr: *a",
	    "15:10: anchors (&) are not taken\n"
	    "    hint: write the value out where it is needed\n"
	    "16:10: aliases (*) are not taken\n"
	    "    hint: write the value out where it is needed\n" },
	{ "tag", "state-dir: state", "state-dir: !!str state",
	    "2:12: tags (!) are not taken\n"
	    "    hint: write the value out where it is needed\n" },
	{ "tag of its own", "state-dir: state", "state-dir: ! state",
	    "2:12: tags (!) are not taken\n"
	    "    hint: write the value out where it is needed\n" },
	{ "merge key", "    profile: client", "    <<: { profile: client }",
	    "18:5: merge keys (<<) are not taken\n"
	    "    hint: write the value out where it is needed\n" },
	{ "directive", "version: 1",
	    "%YAML 1.1\n"
	    "---\n"
	    "version: 1",
	    "1:1: directives (%) are not taken\n"
	    "    hint: take the line out\n" },
	{ "second document", "milvus:\n",
	    "---\n"
	    "milvus:\n",
	    "20:1: a second document begins here\n"
	    "    hint: one file holds one document\n" },
	{ "tab", "    profile: client", "\x09profile: client",
	    "18:1: while scanning a plain scalar: found a tab character that violates "
	    "indentation\n"
	    "    hint: indent with blanks, not with tabs\n" },
	{ "no value", "    profile: client", "    profile",
	    "19:5: while scanning a simple key: could not find expected ':'\n"
	    "    hint: look at line 18 as well\n" },
	{ "unclosed", "[ingest]", "[ingest",
	    "27:13: while parsing a flow sequence: did not find expected ',' or ']'\n"
	    "    hint: look at line 26 as well\n" },
	{ "unclosed quote", "\"2.6\"", "\"2.6",
	    "29:18: while parsing a block mapping: did not find expected key\n"
	    "    hint: is it indented as line 21 is?\n" },
	{ "nul escaped", "Milvus CA g1", "\"Mil\\0vus\"",
	    "8:39: the text has the control character U+0000 in it\n" },
	{ "bell", "Milvus CA g1", "Mil\x07vus",
	    "8:42: the character U+0007 cannot be seen\n"
	    "    hint: take it out; between double quotes it can be written as an escape\n" },
	{ "bidi", "Milvus CA g1", "Mil\xe2\x80\xaevus",
	    "8:42: the character U+202E cannot be seen\n"
	    "    hint: take it out; between double quotes it can be written as an escape\n" },
	{ "bom", "version: 1", "\xef\xbb\xbfversion: 1",
	    "1:1: the text begins with a byte order mark\n"
	    "    hint: save the file as UTF-8 without it\n" },
	{ "carriage return", "version: 1\n", "version: 1\x0d",
	    "1:11: a carriage return that does not end its line\n"
	    "    hint: end lines with a line feed\n" },
	{ "not utf-8", "Milvus CA g1", "Mil\xffvus",
	    "8:42: the byte 0xff is not UTF-8\n"
	    "    hint: save the file as UTF-8\n" },
	{ "complex key", "    profile: client",
	    "    ? [a]\n"
	    "    : client",
	    "18:7: a key must be plain text\n" },
	{ "reserved", "[ingest]", "[@ingest]",
	    "26:15: while scanning for the next token: found character that cannot start any "
	    "token\n"
	    "    hint: text that begins with this character needs quotes\n" },
	{ "empty", NULL, "",
	    "1:1: the inventory is empty\n"
	    "    hint: mica example compose > mica.yaml\n" },
	{ "comments alone", NULL, "# nothing\n",
	    "1:1: the inventory is empty\n"
	    "    hint: mica example compose > mica.yaml\n" },
	{ "a scalar", NULL, "hello\n",
	    "1:1: the inventory must be a map of keys and values\n" },
	{ "a list", NULL, "- a\n", "1:1: the inventory must be a map of keys and values\n" },
	{ "null", NULL, "---\n",
	    "1:1: the inventory is empty\n"
	    "    hint: mica example compose > mica.yaml\n" },
	{ "deep", NULL,
	    "a: "
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
	    "\n",
	    "1:35: lists and maps are nested deeper than 32 levels\n" },
};

#endif
