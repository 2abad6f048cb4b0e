#!/bin/sh
# Installs what some tests need beside Python: a browser, SpamAssassin, mail servers, PostgreSQL, Node packages.
# Without root nothing of the system is touched: it says which tests are left out and how to have them.
set -u
here=$(dirname "$0")

missing=""
command -v chromium-headless-shell >/dev/null 2>&1 || command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v spamassassin >/dev/null 2>&1 || missing="$missing spamassassin"
[ -x /usr/sbin/smtp-sink ] || missing="$missing postfix"
command -v newsboat >/dev/null 2>&1 || missing="$missing newsboat"
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
[ -x /usr/sbin/dovecot ] || missing="$missing dovecot-imapd"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing$missing from Debian's packages ..."
        echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
        apt-get update -qq >/dev/null 2>&1
        # The browser without its windows, where there is one, takes half the time.
        case $missing in *chromium*)
            apt-cache show chromium-headless-shell >/dev/null 2>&1 && missing=" chromium-headless-shell${missing# chromium}" ;;
        esac
        if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1; then
            echo "apt-get could not install$missing: the tests that need them are skipped, and say so." >&2
        fi
        # The tests start their own; Debian's packages start one for everybody.
        case $missing in *nginx*)
            { systemctl disable --now nginx || service nginx stop; } >/dev/null 2>&1 || true ;;
        esac
        case $missing in *dovecot*)
            { systemctl disable --now dovecot dovecot.socket || service dovecot stop; } >/dev/null 2>&1 || true ;;
        esac
        case $missing in *postgresql*)
            { systemctl disable --now postgresql || service postgresql stop; } >/dev/null 2>&1 || true ;;
        esac
    else
        echo "Left out, for want of root: the tests that need$missing."
        echo "To have them on Debian or Ubuntu: sudo apt-get install --no-install-recommends$missing"
    fi
fi

if command -v npm >/dev/null 2>&1; then
    stamp="$here/node/node_modules/.installed"
    if [ ! -f "$stamp" ] || [ "$here/node/package-lock.json" -nt "$stamp" ]; then
        echo "Installing the Node packages of the tests ..."
        (cd "$here/node" && npm ci --silent --no-audit --no-fund) && touch "$stamp"
    fi
else
    echo "Left out, for want of Node: the tests that check templates with npm's mjml, mail with axe, requests with prism."
    echo "To have them: install Node 20 or newer (nodejs.org, or your system's packages)."
fi
exit 0
