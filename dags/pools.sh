#!/bin/sh
# The pools that tasks wait in, as JSON for `airflow pools import`: the warehouse's, feedback's, and one for each channel of a sync file.
# A company's own folder is looked into where FAIRLEAD_PROJECT__FOLDER names it, from the project's folder.
# Those that $1 names (a file of `airflow pools export`) are left out: somebody may have given them more slots.
root="$(dirname "$0")/.."
own="${FAIRLEAD_PROJECT__FOLDER:+$(cd "$root" && cd "$FAIRLEAD_PROJECT__FOLDER" && pwd)/syncs}"
{
    echo "warehouse:DuckDB takes one process at a time"
    echo "feedback:opt-outs wait for no other step"
    ls "$root/activation/syncs" ${own:+"$own"} 2> /dev/null |
        sed -n 's/\.yml$//; t ours; d; : ours; /[^A-Za-z0-9_-]/d; s/__/:/; s/__.*//; s/^[^:]*:\(.*\)/\1:one push at a time/p' | sort -u
} | while IFS=: read -r name why; do
    grep -qs "^ *\"$name\": {" "${1:-/dev/null}" || printf '"%s": {"slots": 1, "description": "%s"}\n' "$name" "$why"
done | paste -sd, - | sed 's/^/{/; s/$/}/'
