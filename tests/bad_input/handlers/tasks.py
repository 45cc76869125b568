"""Async handlers that do what they should not. A text as payload names what is done, a dict is returned."""

import asyncio
import sys


async def process(payload):
    if not isinstance(payload, str):
        return payload
    return await CASES[payload]()


async def cancelling():
    raise asyncio.CancelledError


async def cancelling_itself():
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def leaving():
    sys.exit("no model")


async def interrupting():
    raise KeyboardInterrupt


async def stopping():
    asyncio.get_running_loop().stop()
    await asyncio.Event().wait()


async def closing():
    asyncio.get_running_loop().close()


async def running():
    asyncio.run(leaving())


async def raising_midway():
    async def values():
        yield "first"
        yield "second"
        raise ValueError("the third is broken")

    return values()


async def leaving_a_task():
    async def broken():
        raise ValueError("nobody awaits this")

    task = asyncio.create_task(broken())
    await asyncio.sleep(0)
    return {"left": task.done()}


async def waiting():
    await asyncio.Event().wait()


CASES = {
    "task-raises-cancelled": cancelling,
    "task-cancels-itself": cancelling_itself,
    "task-leaves": leaving,
    "task-interrupts": interrupting,
    "task-stops-the-loop": stopping,
    "task-closes-the-loop": closing,
    "task-runs-a-loop": running,
    "task-yields-and-raises": raising_midway,
    "task-leaves-another-behind": leaving_a_task,
    "task-never-ends": waiting,
}
