#!/bin/sh
# Units and nginx's file for one more newsroom on this machine, in /srv/KEY, of the user KEY, on ports of its own:
#
#   sudo sh deploy/another.sh KEY HOST PORT METRICS_PORT
#   sudo systemctl daemon-reload
#   sudo systemctl enable --now standfirst-KEY.timer standfirst-KEY-web.socket standfirst-KEY-web.service
#
# ROOT (the machine's own if it is not set) is where etc/ is written below.
set -eu

if [ $# -ne 4 ]; then
    echo "another.sh: four words are needed: KEY HOST PORT METRICS_PORT" >&2
    exit 2
fi
key=$1 host=$2 port=$3 metrics=$4
case "$key$port$metrics" in
    *[!a-z0-9-]*) echo "another.sh: KEY is of a-z, 0-9 and -; the ports are numbers" >&2; exit 2 ;;
esac
case "$host" in
    *[!a-z0-9.-]*) echo "another.sh: HOST is the name in public_url alone, without https://" >&2; exit 2 ;;
esac
from=$(dirname "$0")
units=${ROOT:-}/etc/systemd/system
sites=${ROOT:-}/etc/nginx/sites-available
mkdir -p "$units" "$sites"

for unit in standfirst.service standfirst.timer standfirst-web.service standfirst-web.socket; do
    sed -e "s#/srv/newsroom#/srv/$key#g" \
        -e "s#^User=standfirst\$#User=$key#" \
        -e "s#127\.0\.0\.1:8080#127.0.0.1:$port#" \
        -e "s#--metrics-port 9100#--metrics-port $metrics#" \
        -e "s#standfirst-web\.#standfirst-$key-web.#g" \
        -e "s#^Description=Standfirst#Description=Standfirst ($key)#" \
        "$from/$unit" > "$units/standfirst-$key${unit#standfirst}"
done
sed -e "s#/srv/newsroom#/srv/$key#g" -e "s#digest\.example\.org#$host#g" -e "s#127\.0\.0\.1:8080#127.0.0.1:$port#" \
    "$from/nginx.conf" > "$sites/standfirst-$key"
