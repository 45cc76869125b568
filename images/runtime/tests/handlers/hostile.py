"""A handler that does what handlers must not do: `do` names it. Each act notes the processes that it makes."""

import asyncio
import contextlib
import ctypes
import errno
import locale
import multiprocessing
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time

kept = []


def process(payload):
    return ACTS[payload["do"]](payload)


async def aprocess(payload):
    if payload["do"] in COROUTINES:
        return await COROUTINES[payload["do"]](payload)
    return ACTS[payload["do"]](payload)


def rest(payload):
    time.sleep(0.1)
    return "rested"


async def rest_later(payload):
    await asyncio.sleep(0.1)
    return "rested"


def sleep(payload):
    time.sleep(1000)


async def sleep_later(payload):
    try:
        await asyncio.sleep(1000)
    finally:
        note(payload, 0)


def hold_the_interpreter(payload):
    re.match("(a|aa)+$", "a" * 100 + "b")  # takes longer than anybody can wait, and never lets another thread run


def read_null(payload):
    ctypes.string_at(0)


def stop_itself(payload):
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1000)


def end_itself(payload):
    os.kill(os.getpid(), payload["signal"])
    time.sleep(1000)


def leave(payload):
    os._exit(payload["code"])


def note(payload, pid):
    with open(payload["pids"], "a") as file:
        file.write(f"{pid}\n")


def child(payload, act):
    """Fork a child that does something for long, and note it."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            note(payload, os.getpid())
            act()
            time.sleep(1000)
        os._exit(0)
    return pid


def leave_children(payload):
    """Fork a child, one in a session of its own, and one whose parent has gone, and wait until they run."""

    def orphan():
        os.setsid()
        child(payload, ignore_signals)
        os._exit(0)

    child(payload, ignore_signals)
    child(payload, os.setsid)
    child(payload, orphan)
    while not os.path.exists(payload["pids"]) or lines(payload["pids"]) < 4:
        time.sleep(0.01)
    return "left"


def lines(path):
    with open(path) as file:
        return len(file.readlines())


def ignore_signals():
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)


def leave_children_and_exit(payload):
    leave_children(payload)
    os._exit(3)


def fork_and_return(payload):
    return "parent" if os.fork() else "child"


def fork_and_raise(payload):
    if not os.fork():
        raise ValueError("child")
    return "parent"


async def fork_and_wait(payload):
    if not os.fork():
        await asyncio.sleep(0.01)
        return "child"
    return "parent"


def say(payload):
    print("a word")
    return "said"


def close_many(payload):
    os.closerange(3, payload["most"])
    return "closed"


def close_some(payload):
    choice = random.Random(payload["seed"])
    numbers = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]
    for number in choice.sample(numbers, 3):
        with contextlib.suppress(OSError):
            os.close(number)
    return "closed"


def close_output(payload):
    os.close(1)
    os.close(2)
    return "closed"


def take_all_descriptors(payload):
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    return "taken"


def print_for_ever(payload):
    while True:
        os.write(payload["to"], b"x" * 65536)


def signal_parent(payload):
    os.kill(os.getppid(), payload["signal"])
    return "sent"


def signal_parent_by_shell(payload):
    subprocess.run(["sh", "-c", f"kill -{payload['signal']} {os.getppid()}"], check=True)
    return "sent"


def change_signals(payload):
    if threading.current_thread() is threading.main_thread():
        ignore_signals()
    else:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return "changed"


def change_surroundings(payload):
    os.chdir("/")
    os.umask(0o777)
    locale.setlocale(locale.LC_ALL, "")
    sys.stdout = sys.stderr = None
    sys.path.clear()
    os.environ.clear()
    sys.setswitchinterval(1)
    return "changed"


def start_threads(payload):
    kept.append(threading.Thread(target=time.sleep, args=(1000,)))
    kept.append(threading.Thread(target=sys.exit, args=(3,)))
    for thread in kept[-2:]:
        thread.start()
    return "started"


def run_pool(payload):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(abs, [-1, -2])


def exit_later(payload):
    threading.Timer(0.05, os._exit, (0,)).start()
    time.sleep(1000)


def eat(payload):
    while True:
        kept.append(b"x" * (1 << 20))
        time.sleep(0.002)  # an allocation that is faster than 4 GB/s is the kernel's to stop


def fill_the_page_cache(payload):
    with open(payload["path"], "wb") as file:
        file.writelines(b"x" * (1 << 20) for _ in range(100))
    with open(payload["path"], "rb") as file:
        while file.read(1 << 20):
            pass
    time.sleep(0.5)
    return "filled"


def who(payload):
    package = os.path.dirname(sys.modules["asya_runtime"].__file__)
    ids = {"user": os.getuid(), "group": os.getgid(), "pid": os.getpid(), "parent": os.getppid()}
    return {**ids, "package": package}


def write_to_root(payload):
    try:
        os.mkdir("/asya-test")
    except OSError as error:
        return errno.errorcode[error.errno]


def raise_strange(payload):
    class Strange(BaseException):
        def __str__(self):
            raise self

    raise Strange


async def stop_loop(payload):
    asyncio.get_running_loop().stop()
    await asyncio.sleep(1000)


ACTS = {name: value for name, value in vars().items() if callable(value) and not name.startswith("_")}
COROUTINES = {
    "rest": rest_later,
    "sleep": sleep_later,
    "fork_and_wait": fork_and_wait,
    "stop_loop": stop_loop,
}
