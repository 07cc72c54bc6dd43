#!/usr/bin/env bash
# Delivery against Postfix's own load generator, in one run on one machine:
#
#	bash docs/benchmarks/delivery.sh [MESSAGES [ROUNDS]]      # 20000, 5
#	PAUSE=500 bash docs/benchmarks/delivery.sh                # every sync takes 500 µs more
#
# Both hand personal messages of 40 KB to the same server on loopback over 8 connections: smtp-source
# sends constant bytes and remembers nothing, digestd fills templates and makes every step durable. With
# commands and header, the messages of both have 40,985 bytes. The rounds take turns, so that what else the
# machine does hits both. Needs Go, and root where Postfix's
# tools are not installed yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PATH:/usr/sbin:/sbin"
messages=${1:-20000}
rounds=${2:-5}
work=$(mktemp -d)
pids=()
end() {
	((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT

if ! command -v smtp-source >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update && apt-get -qq install -y --no-install-recommends postfix >/dev/null
fi

# A slower disk is a copy of bbolt, through which the journal syncs as well, with a pause in its fdatasync.
if [ -n "${PAUSE:-}" ]; then
	cp -r "$(go list -m -f '{{.Dir}}' go.etcd.io/bbolt)" "$work/bbolt"
	chmod -R u+w "$work/bbolt"
	sed -i "s/^\treturn syscall.Fdatasync/\tpause := syscall.Timespec{Nsec: $PAUSE * 1000}\n\tsyscall.Nanosleep(\&pause, nil)\n&/" "$work/bbolt/bolt_linux.go"
	grep -q Nanosleep "$work/bbolt/bolt_linux.go"
	cp go.mod "$work/slow.mod" && cp go.sum "$work/slow.sum"
	go mod edit -replace "go.etcd.io/bbolt=$work/bbolt" "$work/slow.mod"
	echo "every sync takes $PAUSE µs more"
fi
go test ${PAUSE:+-modfile "$work/slow.mod"} -c -o "$work/mailer" ./mailer

# serve NAME PORT COMMAND…: runs a server until the end and waits until it listens.
serve() {
	local port=$2
	shift 2
	"$@" >"$work/$port.log" 2>&1 &
	pids+=($!)
	for _ in $(seq 50); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
		sleep 0.1
	done
	echo "no server on port $port:" && cat "$work/$port.log"
	exit 1
}

# peer PORT: messages per second of smtp-source.
peer() {
	local start=$EPOCHREALTIME
	smtp-source -d -s 8 -m "$messages" -l 40825 "127.0.0.1:$1"
	awk -v a="$start" -v b="$EPOCHREALTIME" -v n="$messages" 'BEGIN { printf "%.0f", n / (b - a) }'
}

# own BENCHMARK [PORT]: messages per second of digestd.
own() {
	DIGESTD_SINK=${2:+127.0.0.1:$2} "$work/mailer" -test.run '^$' -test.bench "$1" -test.benchtime "${3:-$messages}x" |
		sed -n 's/.* \([0-9.]*\) messages\/s.*/\1/p'
}

user=()
[ "$(id -u)" = 0 ] && user=(-u nobody)
serve smtp-sink 2599 smtp-sink "${user[@]}" 127.0.0.1:2599 256
serve fast 2598 env DIGESTD_TEST_SINK=127.0.0.1:2598 "$work/mailer"

# median: of the numbers on standard input, one a line.
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'; }

dd if=/dev/zero of="$work/sync" bs=4k count=1000 2>/dev/null
dd if=/dev/zero of="$work/sync" bs=4k count=1000 conv=notrunc oflag=dsync 2>&1 | awk '/copied/ { printf "a sync of this disk takes %.3f ms\n", $(NF - 3) }'
plain='Deliver$/^dkim=$/^pipelining=true$'
printf '%-44s %12s %12s %8s\n' "messages of 40 KB, 8 connections" smtp-source digestd ratio
for port in 2599 2598; do
	name='Postfix smtp-sink'
	[ "$port" = 2598 ] && name='a sink that does as little as can be'
	for _ in $(seq "$rounds"); do
		p=$(peer "$port")
		o=$(own "$plain" "$port")
		awk -v name="$name" -v p="$p" -v o="$o" 'BEGIN { printf "%-44s %10.0f/s %10.0f/s %8.2f\n", name, p, o, o / p }' | tee -a "$work/$port.rounds"
	done
	printf '%-70s median %s\n' "$name" "$(awk '{ print $NF }' "$work/$port.rounds" | median)"
done
for kind in rsa ed25519; do
	for _ in $(seq "$rounds"); do
		without=$(own "$plain" 2599)
		signed=$(own "Deliver\$/^dkim=$kind\$/^pipelining=true\$" 2599)
		signing=$(go test -run '^$' -bench "Sign/$kind" ./mailer/dkim | awk '/BenchmarkSign/ { printf "%.0f", 1e9 / $3 }')
		awk -v a="$without" -v b="$signed" -v s="$signing" -v k="$kind" 'BEGIN {
			bound = 1 / (1 / a + 1 / s)
			printf "%-44s %10.0f/s; signing alone %.0f/s; of 1/(1/%.0f + 1/%.0f): %.2f\n", "the same signed, " k, b, s, a, s, b / bound }' |
			tee -a "$work/$kind.rounds"
	done
	printf '%-70s median %s\n' "signed, $kind" "$(awk '{ print $NF }' "$work/$kind.rounds" | median)"
done
for p in true false; do
	bound=800
	[ "$p" = false ] && bound=400
	o=$(own "DeliverToASlowServer/^pipelining=$p\$" '' 8000)
	awk -v p="$p" -v o="$o" -v b="$bound" 'BEGIN { printf "%-44s %10.0f/s of %.0f/s: %.2f\n", "32 connections, 20 ms, pipelining " p, o, b, o / b }'
done
