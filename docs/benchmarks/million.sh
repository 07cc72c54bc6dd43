#!/usr/bin/env bash
# How long a million readers, of whom one in ten watches and mutes words of their own, wait for the first mail, and what
# memory that takes:
#
#	bash docs/benchmarks/million.sh [READERS]      # 1000000; half a minute on two idle cores
#
# Needs Go and Python 3. The run ends after 5,000 mails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
pids=()
end() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap end EXIT
go build -o "$work/digestd" .
python3 - "$work" "${1:-1000000}" <<'END'
import random, sys
work, readers = sys.argv[1], int(sys.argv[2])
random.seed(1)
letters = "bdfgklmnprstv"
words = sorted({"".join(random.choice(letters) + random.choice("aeiou") for _ in range(3)) for _ in range(4000)})[:3000]
with open(work + "/feed.xml", "w") as f:
    f.write('<rss version="2.0"><channel><title>Herald</title><link>https://herald.example.org/</link>')
    for i in range(320):
        title = " ".join(random.sample(words, 6)).capitalize()
        text = " ".join(random.sample(words, 30)).capitalize()
        f.write(f"<item><title>{title}</title><link>https://herald.example.org/{i}</link><guid>{i}</guid><description>{text}.</description></item>")
    f.write("</channel></rss>")
with open(work + "/readers.csv", "w") as f:
    f.write("email,language,watch,mute\n")
    for i in range(readers):
        own = ""
        if i % 10 == 0:
            own = ";".join(random.sample(words, 3)) + "," + (random.choice(words) if i % 20 == 0 else "")
        f.write(f"reader{i}@example.org,{('en', 'fr', 'de')[i % 3]},{own or ','}\n")
with open(work + "/config.toml", "w") as f:
    f.write('''[newsletter]
name = "Morning Wire"
timezone = "UTC"
[mail]
from = "wire@example.org"
[delivery]
transport = "smtp"
connections = 8
rate = "unlimited"
[smtp]
host = "127.0.0.1"
port = 2599
tls = "none"
[topics.ports]
feeds = ["feed.xml"]
max_stories = 400
max_per_feed = 400
[digests.daily]
length = "long"
[subscriber_files]
paths = ["readers.csv"]
''')
END
cat >"$work/sink.py" <<'END'
import asyncio, sys, time
first, taken = None, 0
async def serve(r, w):
    global first, taken
    w.write(b"220 sink ESMTP\r\n")
    while line := await r.readline():
        verb = line[:4].upper()
        if verb == b"EHLO":
            w.write(b"250-sink\r\n250 PIPELINING\r\n")
        elif verb == b"DATA":
            w.write(b"354 go on\r\n")
            await w.drain()
            await r.readuntil(b"\r\n.\r\n")
            if taken == 0:
                open(sys.argv[1] + "/first", "w").write(str(time.time()))
            if (taken := taken + 1) == 5000:
                open(sys.argv[1] + "/done", "w").close()
            w.write(b"250 2.0.0 taken\r\n")
        else:
            w.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 2.0.0 yes\r\n")
        await w.drain()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 2599, limit=1 << 22)
    await server.serve_forever()
asyncio.run(main())
END
python3 "$work/sink.py" "$work" &
pids+=($!)
sleep 1
start=$(date +%s.%N)
"$work/digestd" --config "$work/config.toml" send daily >"$work/out" 2>&1 &
send=$!
pids+=("$send")
peak=0 cpu=
while kill -0 "$send" 2>/dev/null && [ ! -e "$work/done" ]; do
	rss=$(awk '/RssAnon/ { print int($2 / 1024) }' "/proc/$send/status" 2>/dev/null || echo 0)
	[ "${rss:-0}" -le "$peak" ] || peak=$rss
	if [ -z "$cpu" ] && [ -s "$work/first" ]; then
		cpu=$(awk -v hz="$(getconf CLK_TCK)" '{ printf "%.1f", ($14 + $15) / hz }' "/proc/$send/stat")
	fi
	sleep 0.05
done
[ -s "$work/first" ] || { cat "$work/out"; exit 1; }
awk -v start="$start" -v cpu="$cpu" -v peak="$peak" '{ printf "first mail after %.1f s (%s s of processor time); RssAnon %d MB at its highest\n", $1 - start, cpu, peak }' "$work/first"
