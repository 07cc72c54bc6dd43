#!/usr/bin/env bash
# The ledger in PostgreSQL against the file, in one run on one machine:
#
#	bash docs/benchmarks/scaling.sh [MESSAGES]      # 5000
#
# Both hand personal messages of 40 KB to Postfix's smtp-sink on loopback over 8 connections, and compose an edition for a million
# readers, in how much memory is told. One, two and three senders share an edition
# of 12 chunks on PostgreSQL before a server of 20 ms. The rounds take turns, so that what else the machine does hits both. Needs Go, Postfix, and PostgreSQL.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PATH:/usr/sbin:/sbin"
messages=${1:-5000}
work=$(mktemp -d)
user=()
[ "$(id -u)" = 0 ] && user=(-u nobody)
smtp-sink "${user[@]}" 127.0.0.1:2596 256 &
sink=$!
trap 'kill "$sink"; rm -rf "$work"' EXIT
go test -c -o "$work/mailer" ./mailer
go test -c -o "$work/ledger" ./internal/ledger
for round in 1 2 3; do
	for engine in bolt postgres; do
		rate=$(cd mailer && DIGESTD_TEST_STORE=$engine DIGESTD_SINK=127.0.0.1:2596 "$work/mailer" -test.run '^$' \
			-test.bench 'Deliver$/^dkim=$/^pipelining=true$' -test.benchtime "${messages}x" | grep -o '[0-9.]* messages/s')
		compose=$(DIGESTD_TEST_STORE=$engine "$work/ledger" -test.run '^$' -test.bench Compose1000000 -test.benchtime 1x |
			awk '/ns\/op/ { printf "%.1f s, with %d MB at most", $3 / 1e9, $5 }')
		echo "round $round, $engine: $rate; a million readers composed in $compose"
	done
	(cd mailer && DIGESTD_TEST_STORE=postgres "$work/mailer" -test.run '^$' -test.bench Senders -test.benchtime 12000x) |
		awk -v round="$round" '/messages\/s/ { if (!one) one = $5; n++; printf "round %d, %d senders, 20 ms, 16 connections each: %s a second, %.2f of one\n", round, n, $5, $5 / one }'
done
DIGESTD_TEST_STORE=postgres "$work/ledger" -test.run TestRoundTrips -test.v
