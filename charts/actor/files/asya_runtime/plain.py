

from __future__ import annotations

from types import CodeType, FunctionType, MethodType

_VARIADIC = 0x04
_ASYNC = 0x80 | 0x200


def is_async(target: object) -> bool:

    function = _function(target)
    if function is not None:
        return bool(function.__code__.co_flags & _ASYNC)
    import inspect

    candidates = (target, type(target).__call__) if callable(target) else ()
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in candidates)


def takes_one(target: object) -> bool:

    function = _function(target)
    if function is None:
        return False
    code: CodeType = function.__code__
    most = code.co_argcount - isinstance(target, MethodType)
    least = most - len(function.__defaults__ or ())
    more = code.co_flags & _VARIADIC
    return least <= 1 and (most >= 1 or bool(more)) and code.co_kwonlyargcount == 0


def _function(target: object) -> FunctionType | None:

    function = target.__func__ if isinstance(target, MethodType) else target
    return function if isinstance(function, FunctionType) and not function.__dict__ else None
