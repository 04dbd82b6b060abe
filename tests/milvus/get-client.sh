#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# get-client.sh go|node|java DIR: the SDK of Milvus for that language, fetched into DIR/LANGUAGE once by its own
# package client. Where the toolchain is not there or too old, or nothing can be fetched, it exits with 77; its last line says what.
set -euo pipefail
[ $# = 2 ] && [ "$1" != --help ] || { sed -n '3,4s/^# //p' "$0"; exit 2; }

GO_CLIENT=v2.6.5      # needs Go 1.25.8
GO_CLIENT_OLD=v2.6.2  # the last one without BuildTLSConfig(); needs Go 1.24.11
NODE_SDK=2.6.17
JAVA_SDK=2.6.13
SLF4J=2.0.17         # of which the SDK brings none
COPY=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies

language=$1
mkdir -p "$2/$language"
dir=$(cd "$2/$language" && pwd)

missing() {
	echo "$1" >&2
	exit 77
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || missing "$program"
	done
}

get_go() {
	need go
	export GOFLAGS="-mod=mod -modcacherw" GOTOOLCHAIN=local GOMODCACHE="$dir/mod" GOCACHE="$dir/cache" CGO_ENABLED=0
	local name version old=${MICA_TEST_ALL:+old:$GO_CLIENT_OLD}
	for name in new:$GO_CLIENT $old; do
		version=${name#*:} name=${name%%:*}
		rm -rf "${dir:?}/$name"
		mkdir "$dir/$name"
		cd "$dir/$name"
		go mod init demo
		if ! go get "github.com/milvus-io/milvus/client/v2@$version" 2>get.log; then
			cat get.log >&2
			! grep -q 'requires go >=' get.log || missing "a newer Go than $(go env GOVERSION)"
			missing "client/v2 $version for Go"
		fi
		# all that the programs of clients.md are made of, built once; unoptimised, which takes half as long
		cat >main.go <<-'END'
			package main

			import (
				_ "github.com/milvus-io/milvus/client/v2/milvusclient"
				_ "google.golang.org/grpc/credentials"
			)

			func main() {}
		END
		go build -gcflags='all=-N -l' -ldflags='-s -w' -o /dev/null .
	done
}

get_node() {
	need node npm
	cd "$dir"
	npm install --prefix "$dir" --no-audit --no-fund --ignore-scripts --loglevel error "@zilliz/milvus2-sdk-node@$NODE_SDK" ||
		missing "milvus2-sdk-node $NODE_SDK"
}

get_java() {
	need javac mvn
	cat >"$dir/pom.xml" <<-END
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>demo</groupId><artifactId>demo</artifactId><version>1</version>
		  <dependencies><dependency>
		    <groupId>io.milvus</groupId><artifactId>milvus-sdk-java</artifactId><version>$JAVA_SDK</version>
		  </dependency><dependency>
		    <groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>$SLF4J</version>
		  </dependency></dependencies>
		</project>
	END
	rm -rf "$dir/lib"
	mvn --quiet --batch-mode --file "$dir/pom.xml" -Dmaven.repo.local="$dir/m2" -DoutputDirectory="$dir/lib" "$COPY" ||
		missing "milvus-sdk-java $JAVA_SDK"
}

stamp=$(cat "$0" <(echo "${MICA_TEST_ALL:-}") | sha256sum | cut -d' ' -f1)
exec 9>"$dir/lock"
flock 9 # two runs at once: the second one waits and finds it done
[ "$(cat "$dir/ready" 2>/dev/null)" != "$stamp" ] || exit 0
rm -f "$dir/ready"
"get_$language" </dev/null >"$dir/get.log" 9>&-
echo "$stamp" >"$dir/ready"
