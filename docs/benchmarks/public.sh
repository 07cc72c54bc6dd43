#!/usr/bin/env bash
# Public pages under load beside a sending run, in one run on one machine:
#
#	bash docs/benchmarks/public.sh [READERS [ROUNDS]]      # 4000 3
#
# A daemon serves the archive and sends editions of one digest at 400 messages a second, which is what 8 connections to a
# server that answers after 20 ms come to. Rounds with and without readers of the archive (wrk, 16 connections) take turns, so that what else the
# machine does hits both. Prints the pages a second alone and beside a run, and the pace of the run with them and without.
# Needs Go, Python, and root where wrk or Postfix's smtp-sink are not installed yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive
readers=${1:-4000}
rounds=${2:-3}
work=$(mktemp -d)
pids=()
end() {
	((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
command -v wrk >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends wrk >/dev/null; }
command -v smtp-sink >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends postfix >/dev/null; }
go build -o "$work/digestd" .
cd "$work"
mkdir feeds

# news N: what the feed shows in round N.
news() {
	{
		echo '<rss version="2.0"><channel><title>Mills</title>'
		for i in $(seq 12); do
			echo "<item><title>Mill $1-$i grinds $((RANDOM)) sacks for village $((RANDOM))</title><link>https://mills.example/$1/$i</link>"
			echo "<description>The wheel turned all night, and the miller slept. Sack $i was the last.</description></item>"
		done
		echo '</channel></rss>'
	} >feeds/new && mv feeds/new feeds/mills.rss
}
news 0
(cd feeds && exec python3 -m http.server --bind 127.0.0.1 2596 >/dev/null 2>&1) &
pids+=($!)
user=()
[ "$(id -u)" = 0 ] && user=(-u nobody)
smtp-sink "${user[@]}" 127.0.0.1:2597 256 2>/dev/null &
pids+=($!)
cat >config.toml <<TOML
[newsletter]
name = "Mills"
[mail]
from = "Mills <digest@example.org>"
[delivery]
transport = "smtp"
connections = 8
rate = "400/s"
[smtp]
host = "127.0.0.1"
port = 2597
tls = "none"
[collect]
allow_private_networks = ["127.0.0.0/8"]
[web]
listen = "127.0.0.1:2595"
base_url = "http://127.0.0.1:2595"
[topics.mills]
feeds = ["http://127.0.0.1:2596/mills.rss"]
[digests.daily]
schedule = "0 7 1 1 *"
topics = ["mills"]
archive = true
[subscriber_files]
paths = ["readers.csv"]
TOML
{ echo email && seq -f 'reader%.0f@example.org' "$readers"; } >readers.csv
./digestd check >/dev/null
./digestd run >log 2>&1 &
pids+=($!)
for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/2595) 2>/dev/null && break || sleep 0.1; done

# sent N: messages a second of the edition of round N.
sent() {
	news "$1"
	./digestd collect --all >/dev/null 2>&1
	local start=$EPOCHREALTIME
	./digestd send daily --extra --no-collect >"send.$1" 2>&1 || { cat "send.$1" >&2; exit 1; }
	awk -v a="$start" -v b="$EPOCHREALTIME" -v n="$readers" 'BEGIN { printf "%.0f", n / (b - a) }'
}
sent 1 >/dev/null
page=$(curl -s http://127.0.0.1:2595/daily/ | grep -o 'href="../daily/[^"]*' | head -1 | sed 's,.*\.\./,,')
load() { wrk -t1 -c16 -d "$1s" "http://127.0.0.1:2595/$page" | awk '/Requests\/sec/ { printf "%.0f", $2 }'; }

printf '%-8s %14s %18s %14s %14s %8s\n' round 'pages/s alone' 'pages/s beside' 'mails/s' 'with pages' ratio
for n in $(seq "$rounds"); do
	alone=$(load 3)
	without=$(sent $((2 * n)))
	load 60 >beside &
	reader=$!
	with=$(sent $((2 * n + 1)))
	kill -INT "$(pgrep -P "$reader" -x wrk)"
	wait "$reader" || true
	awk -v n="$n" -v a="$alone" -v b="$(cat beside)" -v o="$without" -v w="$with" 'BEGIN { printf "%-8s %14s %18s %14s %14s %8.2f\n", n, a, b, o, w, w / o }'
done
