"""What the threads of a process share, and what each of them has to have to itself."""

from collections.abc import Callable
from threading import RLock, local
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Once(Generic[P, T]):
    """A function that is called once for each argument, however many threads ask at once.

    `functools.cache` lets two threads that ask together both do the work: a model is then built
    twice, and imports that replace modules trip over each other.
    """

    def __init__(self, function: Callable[P, T]) -> None:
        self._function = function
        self._known: dict[tuple[object, ...], T] = {}
        self._lock = RLock()  # what is built may ask for its parts

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        asked = (*args, *sorted(kwargs.items()))
        with self._lock:
            if asked not in self._known:
                self._known[asked] = self._function(*args, **kwargs)
            return self._known[asked]

    def forget(self, which: Callable[P, bool] | None = None) -> None:
        """Call the function anew for whatever is asked next; or for those arguments alone, none of
        which have names, of which `which` is true.
        """
        with self._lock:
            self._known = {
                asked: found
                for asked, found in self._known.items()
                if which is not None and not which(*asked)  # type: ignore[call-arg, arg-type]
            }


class EachThread(Generic[T]):
    """One of a thing for each thread that asks, for things that no two may use at once.

    A network of OpenCV keeps its input and its buffers in itself: shared by two threads it answers
    one with the other's faces, or damages the heap.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._own = local()

    def get(self) -> T:
        """The calling thread's own one, made on its first call and dropped when the thread ends."""
        if not hasattr(self._own, "thing"):
            self._own.thing = self._make()
        thing: T = self._own.thing
        return thing
