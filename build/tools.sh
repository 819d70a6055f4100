# Sourced by the scripts: what has to be there, and what to say when it is not. The working folder is the repository's root.

need_dotnet() {
    if ! command -v dotnet >/dev/null 2>&1; then
        echo "'dotnet' is not on the PATH. Lockstep needs the .NET SDK 10 (https://dot.net/download)." >&2
        exit 1
    fi
    local wanted
    wanted=$(sed -n 's/.*"version": *"\([0-9]*\)\..*/\1/p' global.json)
    if ! dotnet --list-sdks | grep -q "^$wanted\."; then
        echo "Lockstep needs the .NET SDK $wanted (https://dot.net/download); found: $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')" >&2
        exit 1
    fi
}

# DuckDB's library, from its npm package by exact version and hash; quick when it is there.
need_native() {
    if [ -n "${LOCKSTEP_DUCKDB:-}" ]; then return; fi
    if [ ! -d native ] && ! command -v npm >/dev/null 2>&1; then
        echo "DuckDB's library is not in ./native, and fetching it takes npm (Node.js 18 or newer, https://nodejs.org)." >&2
        echo "With npm there, build/fetch-native does the rest; or set LOCKSTEP_DUCKDB to a library that you have." >&2
        exit 1
    fi
    build/fetch-native
}

# Kafka's client library, which only sources with a topic need. Where it cannot be made, their tests are skipped and say so.
offer_kafka() {
    if [ -n "${LOCKSTEP_LIBRDKAFKA:-}" ]; then return; fi
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        local missing
        missing=$(for package in gcc make libssl-dev zlib1g-dev libzstd-dev openjdk-17-jre-headless; do
            case $package in
                openjdk*) command -v java >/dev/null 2>&1 ;;
                *) dpkg -s "$package" >/dev/null 2>&1 ;;
            esac || echo "$package"
        done)
        if [ -n "$missing" ]; then { apt-get install -y -q $missing || { apt-get update -q && apt-get install -y -q $missing; }; } >/dev/null 2>&1 || echo "Not installed, for Kafka: $missing"; fi
    fi
    build/fetch-librdkafka || echo "Tests with Kafka are skipped."
}
