"""Plain functions of every kind."""

import os
import subprocess
import sys
import threading
import time


def echo(payload):
    return payload


def add_one(payload):
    return {**payload, "n": payload["n"] + 1}


def nothing(payload):
    return None


def empty(payload):
    return []


def split(payload):
    return [{"word": word} for word in payload["text"].split()]


def pair(payload):
    return ("first", "second")


def count(payload):
    for number in range(payload["n"]):
        yield {"number": number}


def count_then_fail(payload):
    yield from count(payload)
    raise ValueError("enough")


def bad_entry(payload):
    return [1, {"file": sys.stdout}, 3]


def fail(payload):
    raise KeyError("missing")


def fail_with(payload):
    raise ValueError(payload["text"])


def fail_deeper(payload):
    try:
        return fail(payload)
    except KeyError as error:
        raise RuntimeError("could not go on") from error


def leave(payload):
    sys.exit(3)


def interrupt(payload):
    raise KeyboardInterrupt


class BusyError(OSError):
    retry_after = 2.5


def busy(payload):
    raise BusyError("come back later")


def say(payload):
    print("hello from the handler")
    print("and on stderr", file=sys.stderr)
    return payload


def wait_for_file(payload):
    """Say so, then wait until somebody opens the named pipe for writing."""
    if isinstance(payload, dict) and "pipe" in payload:
        print("waiting", flush=True)
        with open(payload["pipe"]) as pipe:
            pipe.read()
    return payload


def yield_and_wait(payload):
    yield "at once"
    wait_for_file(payload)
    yield "later"


def yield_for_ever(payload):
    number = 0
    while True:
        yield number
        number += 1


def yield_or_wait(payload):
    return wait_for_file(payload) if "pipe" in payload else yield_for_ever(payload)


def spin(payload):
    while True:
        time.sleep(0.01)


def crash(payload):
    if payload == "crash":
        os.kill(os.getpid(), 9)
    return payload


def large(payload):
    return "x" * payload


def thread_name(payload):
    return threading.current_thread().name


def import_path(payload):
    import json

    return {"path": sys.path, "json": json.__file__, "main": sys.modules["__main__"].__file__}


def forked_child(payload):
    """Fork a child that outlives the runtime until it is terminated."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    return child


def subprocess_output(payload):
    return subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout


def two(payload, other):
    return payload


def no_parameter():
    return None


def returns_coroutine(payload):
    async def later():
        return payload

    return later()


NUMBER = 5
