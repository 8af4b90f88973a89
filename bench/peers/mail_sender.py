"""The bound of mail: smtplib, a few connections, one message that is written already, again and again.

python mail_sender.py PORT MESSAGES CONNECTIONS      prints {"seconds", "arrived"}; with 0 messages it only asks
"""

import json
import smtplib
import sys
import threading
import time

HEAD = b"From: news@example.com\r\nTo: somebody@example.com\r\nSubject: Hello\r\n\r\n"
LINE = b"Dear you, here we are.\r\n"


def send(port: int, messages: int, size: int) -> None:
    message = HEAD + LINE * (max(size - len(HEAD), 0) // len(LINE))
    with smtplib.SMTP("127.0.0.1", port, "bench.example.com") as line:
        for number in range(messages):
            line.sendmail("news@example.com", [f"somebody{number}@example.com"], message)


def main() -> None:
    port, messages, connections, size = map(int, sys.argv[1:])
    threads = [threading.Thread(target=send, args=(port, messages // connections, size)) for _ in range(connections)]
    started = time.perf_counter()
    for thread in threads if messages else []:
        thread.start()
    for thread in threads if messages else []:
        thread.join()
    seconds = time.perf_counter() - started
    with smtplib.SMTP("127.0.0.1", port, "bench.example.com") as line:
        arrived, total = map(int, line.verify("arrived")[1].split())
    print(json.dumps({"seconds": seconds, "arrived": arrived, "bytes": total}))


if __name__ == "__main__":
    main()
