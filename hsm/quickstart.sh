#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to files for a Milvus under mutual TLS, the CA key on a token. --help tells more.
set -euo pipefail

usage() {
	cat <<-'END'
	usage: hsm/quickstart.sh [--milvus] [DIRECTORY]

	Installs missing Debian packages (as root; hsm/packages.txt), builds mica, and in DIRECTORY
	(default ./demo) makes a SoftHSM2 token with a random PIN, a CA whose key never leaves it, and
	the files of a Milvus with tlsMode 2 and internal TLS; then proves them with OpenSSL: a two-way
	handshake, and the refusal of a client without a certificate. The system's own token store
	is not touched. Run again, it changes nothing.

	  --milvus  go on: fetch the real Milvus 2.3.5 and pymilvus from PyPI (150 MB), start it on
	            free ports of this machine with delivered files, use it, and stop it.
	            MILVUS_PORT and MILVUS_REST_PORT choose its ports, at the first run.
	  --help    this text
	END
}

milvus= dir=
for argument; do
	case $argument in
	--help | -h) usage; exit 0 ;;
	--milvus) milvus=1 ;;
	-*) echo "unknown option '$argument'; see $0 --help" >&2; exit 2 ;;
	*) [ -z "$dir" ] || { echo "more than one directory; see $0 --help" >&2; exit 2; }
		dir=$argument ;;
	esac
done
dir=${dir:-./demo}
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build/release
umask 077
exec 3>&1 # the transcript, also for what runs in a substitution

fail() {
	echo "quickstart: $1" >&2
	[ $# -lt 2 ] || echo "hint: $2" >&2
	exit 1
}

say() { printf '\n== %s\n' "$*"; }

# Shows a command as one would type it, and runs it.
run() {
	printf '$ %s\n' "$*"
	"$@"
}

# Runs a command whose output is of interest only when it fails.
quietly() {
	local log
	log=$(mktemp)
	if ! "$@" </dev/null >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		fail "this failed: $*"
	fi
	rm -f "$log"
}

install_packages() {
	say "packages"
	local lists=("$top/hsm/packages.txt")
	[ -z "$milvus" ] || lists+=("$top/tests/milvus/packages.txt")
	"$top/hsm/install-packages.sh" "${lists[@]}"
	echo "all there"
}

build_mica() {
	say "build (the preset release, in build/release)"
	local begun=$SECONDS
	cd "$top"
	(umask 022
	quietly cmake --preset release -DMICA_TESTS=OFF
	quietly cmake --build --preset release --parallel "$(nproc)")
	echo "done in $((SECONDS - begun)) s: $("$build/src/cli/mica" --version)"
	cd - >/dev/null
}

make_directory() {
	if [ -d "$dir" ] && [ ! -e "$dir/env.sh" ] && [ -n "$(ls -A "$dir")" ]; then
		fail "'$dir' holds something else" "name another directory: $0 DIRECTORY"
	fi
	mkdir -p "$dir"
	dir=$(cd "$dir" && pwd)
	cd "$dir"
	[ -e env.sh ] || printf '%s\nexport SOFTHSM2_CONF=%q\nexport MICA_TOKEN_HELPER=%q\nexport PATH=%q:"$PATH"\n' \
		"# . env.sh: for mica and other programs to find this directory's token" \
		"$dir/softhsm2.conf" "$build/hsm/helper/mica-token" "$build/src/cli" >env.sh
	. ./env.sh
}

make_token() {
	run "$top/hsm/softhsm2/token.sh" . "$1" # with a random PIN, in the file pin
}

server_pid=
trap '[ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null || true' EXIT

# A TLS server of OpenSSL with the delivered files; sets port.
serve() {
	local log
	log=$(mktemp)
	printf '$ openssl s_server -www -tls1_3 -Verify 1 -verify_return_error -cert %s -key %s -CAfile %s &\n' \
		"$1/server.pem" "$1/server.key" "$1/ca.pem"
	openssl s_server -accept 127.0.0.1:0 -www -tls1_3 -Verify 1 -verify_return_error -cert "$1/server.pem" \
		-key "$1/server.key" -CAfile "$1/ca.pem" </dev/null >"$log" 2>&1 &
	server_pid=$!
	port=
	for _ in $(seq 100); do
		port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$log")
		[ -z "$port" ] || break
		sleep 0.1
	done
	[ -n "$port" ] || cat "$log" >&2
	rm -f "$log"
	[ -n "$port" ] || fail "openssl s_server did not start with the delivered files"
}

# One request by OpenSSL's client; what was said goes to stdout. With TLS 1.3 a client ends its handshake
# before the server has judged it, so only the answer to a request proves anything.
ask() {
	local command=(openssl s_client -brief -ign_eof -connect "127.0.0.1:$port" -tls1_3 -servername "$name"
		-verify_hostname "$name" -verify_return_error "$@")
	printf '$ %s\n' "${command[*]}" >&3
	printf 'GET / HTTP/1.0\r\n\r\n' | timeout 20 "${command[@]}" 2>&1 || true
}

handshakes() {
	local tls=$1 client=$2 said
	name=$3
	serve "$tls"
	said=$(ask -CAfile "$client/ca.pem" -cert "$client/client.pem" -key "$client/client.key")
	grep -E '^(Protocol version|Peer certificate|Verification|Verified peername)|^HTTP/1.0 200|^ *Subject:' <<<"$said" |
		sed -e 's/^ *Subject:/the server saw a client certificate:/' -e 's/^/  /' || true
	grep -q '^Verification: OK' <<<"$said" && grep -q '^HTTP/1.0 200' <<<"$said" && grep -q 'Subject:' <<<"$said" ||
		fail "the two-way handshake with the delivered files did not work: $said"
	echo "two-way TLS 1.3: both sides verified"
	echo
	said=$(ask -CAfile "$client/ca.pem")
	grep -q '^HTTP/1.0 200' <<<"$said" && fail "a client without a certificate was let in"
	grep -q 'alert certificate required' <<<"$said" || fail "a client without a certificate met something else: $said"
	grep -o 'tlsv13 alert certificate required' <<<"$said" | head -n 1 | sed 's/^/  /'
	echo "a client without a certificate: refused"
	kill "$server_pid"
	wait "$server_pid" 2>/dev/null || true
	server_pid=
}

demonstrate() {
	say "one private directory: $dir"
	make_directory
	[ -e mica.yaml ] || { echo '$ mica example compose >mica.yaml'; mica example compose >mica.yaml.new; mv mica.yaml.new mica.yaml; }
	make_token "$(sed -n 's/^[^#]*pkcs11:.*token=\([^;"]*\).*/\1/p' mica.yaml | head -n 1)"
	say "the CA, its key on the token"
	run mica init
	say "what would be done, and doing it"
	run mica plan
	run mica apply
	say "the delivered files, judged by another program"
	deployment=$(dirname "$(ls -d out/*/tls | head -n 1)")
	handshakes "$deployment/tls" "$(ls -d "$deployment"/clients/* | head -n 1)" localhost
	say "the state of things"
	run mica status
}

# --- --milvus ---------------------------------------------------------------------------------------------

refused() {
	local what=$1
	shift
	printf '$ %s\n' "$*"
	if "$@" >answer 2>&1; then
		cat answer
		fail "$what was let in"
	fi
	tail -n 1 answer | cut -c1-160 | sed 's/^/  /'
	rm -f answer
	echo "$what: refused"
}

milvus_inventory() {
	[ -e mica.yaml ] || cat >mica.yaml <<-END
	# A real Milvus 2.3 on this machine, under mutual TLS, with a CA of its own on the same token.
	version: 1
	state-dir: state
	ca:
	  - name: milvus
	    state: issuing
	    module: softhsm2
	    key: "$(sed -n 's/^[^#]*"\(pkcs11:token=[^;"]*\).*/\1/p' ../mica.yaml | head -n 1);object=milvus-demo"
	    pin: file:../pin
	    algorithm: ec-p256
	    subject: { O: Example, CN: Milvus demo CA }
	    days: 3650
	certificates:
	  - name: server
	    profile: server
	    common-name: localhost
	    dns: [localhost]
	    ip: [127.0.0.1]
	  - name: app
	    profile: client
	    common-name: app
	milvus:
	  - name: local
	    kind: files
	    version: "2.3"
	    milvus-yaml: server/milvus.yaml
	    out: out/local
	    server: server
	    clients: [app]
	    tls-mode: 2
	    internal-tls: false # came with Milvus 2.5
	    rest-port: $rest
	    mount: $PWD/out/local/tls
	END
}

with_milvus() {
	local standalone="$top/tests/milvus/standalone.py" cache="$top/build/milvus" app=out/local/clients/app proxy rest
	say "the real Milvus 2.3.5 and pymilvus (build/milvus)"
	(umask 022; quietly "$top/tests/milvus/get.sh" "$cache")
	mkdir -p milvus
	cd milvus
	"$standalone" prepare "$cache" server
	proxy=$("$standalone" port server proxy) rest=$("$standalone" port server rest)
	milvus_inventory
	run mica init
	run mica apply
	say "Milvus starts with the delivered files: gRPC on port $proxy, REST on port $rest"
	trap '"$standalone" stop server' EXIT
	run "$standalone" start "$cache" server out/local/milvus.yaml
	local use=("$cache/venv/bin/python" "$top/tests/milvus/use.py" "https://localhost:$proxy")
	local curl=(curl --silent --show-error --max-time 20)
	run "${use[@]}" "$app"
	run "${curl[@]}" --cacert "$app/ca.pem" --cert "$app/client.pem" --key "$app/client.key" \
		"https://localhost:$rest/v1/vector/collections"
	echo
	refused "a client without a certificate" "${use[@]}" --ca "$app/ca.pem"
	refused "a client without TLS" "${use[@]/https:/http:}" --plain
	refused "curl without a certificate" "${curl[@]}" --cacert "$app/ca.pem" "https://localhost:$rest/v1/vector/collections"
	refused "curl without TLS" "${curl[@]}" --fail "http://localhost:$rest/v1/vector/collections"
	run "$standalone" stop server
	trap - EXIT
	cd ..
}

farewell() {
	say "what lies where"
	echo "$dir/"
	printf '  %-22s %s\n' \
		mica.yaml "the inventory: who the CA is, which certificates exist, which Milvus uses them" \
		"$deployment/tls/" "server.pem server.key ca.pem crl.pem: what Milvus mounts" \
		"$deployment/clients/" "a directory for each client: client.pem client.key ca.pem crl.pem" \
		"$deployment/" "the configuration for Milvus, and clients.md: what a client must be told" \
		state/ "the ledger, the CA certificates and their CRLs" \
		"tokens/ pin so-pin" "the SoftHSM2 token, where the CA key lives, and its PINs"
	[ -z "$milvus" ] || printf '  %-22s %s\n' milvus/ "the same for the real Milvus 2.3.5, with a CA of its own"
	cat <<-END

	What to type next:
	  cd $(printf %q "$dir") && . ./env.sh     so that mica and the token are found
	  \$EDITOR mica.yaml         name your own hosts and clients, then: mica plan, mica apply
	  mica rotate --all         new keys and certificates for everybody
	  mica --help
	END
}

install_packages
build_mica
demonstrate
[ -z "$milvus" ] || with_milvus
farewell
