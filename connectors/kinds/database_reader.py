"""A process of its own that reads one query: ConnectorX waits for a server with the interpreter held, so no clock and
no signal would be heard beside it. It imports nothing of ours; the address comes by standard input, since an argument
can be seen.
"""

import json
import sys

REFUSED, PANICKED = 3, 4  # exit codes; the driver's first line is on standard error


def main() -> int:
    import connectorx
    import pyarrow as pa

    order = json.load(sys.stdin)
    try:
        reader = connectorx.read_sql(
            order["address"], order["query"], return_type="arrow_stream", batch_size=order["batch_rows"]
        )
        with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
                sys.stdout.buffer.flush()
    except Exception as error:
        print(error, file=sys.stderr)
        return REFUSED
    except BaseException as error:  # ConnectorX panics past Exception
        print(error, file=sys.stderr)
        return PANICKED
    return 0


if __name__ == "__main__":
    sys.exit(main())
