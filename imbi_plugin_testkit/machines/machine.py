"""The base of every machine, and how its rules are declared."""

from __future__ import annotations

import dataclasses
import functools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar, cast

from imbi_plugin_testkit.comparing import NOTHING, Compared, Words
from imbi_plugin_testkit.lab.answers import HandlerFailed, fresh

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from imbi_plugin_sdk.context import PluginContext
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.machines.arguments import Argument, Earlier

Given = ParamSpec('Given')
Gives = TypeVar('Gives')


class Divergence(AssertionError):  # noqa: N818  a finding, not a fault
    """Plugin and model disagree.

    Attributes:
        law: Id of the law that is broken; blank where none can be told.
        path: What was called, as in `get_values(None)`.
        message: What was seen and what must hold; a sentence.
        values: What the plugin answered and what the model says, where two
            values were compared.
    """

    def __init__(
        self,
        law: str,
        path: str,
        message: str,
        values: tuple[object, object] | None = None,
    ) -> None:
        told = f'{law}: ' if law else ''
        super().__init__(f'{told}{path}: {message}')
        self.law = law
        self.path = path
        self.message = message
        self.values = values

    @property
    def kind(self) -> tuple[str, str]:
        """Return by what a reduction knows the same fault again."""
        return self.law, self.path.partition('(')[0]


class Skip(Exception):  # noqa: N818  no fault
    """Raised by a rule that cannot be applied now; the step is left out."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """One kind of step.

    Attributes:
        name: Name of the method.
        arguments: Name of each argument to how it is made up.
        weight: How often it is drawn beside the others.
        gives: What its result is called, for `earlier`; blank for nothing.
        when: Whether a plugin on its backend can do this at all.
    """

    name: str
    arguments: Mapping[str, Argument | Earlier]
    weight: int = 1
    gives: str = ''
    when: Callable[[Lab], bool] | None = None


def rule(
    *,
    weight: int = 1,
    gives: str = '',
    when: Callable[[Lab], bool] | None = None,
    **arguments: Argument | Earlier,
) -> Callable[
    [Callable[Given, Awaitable[Gives]]], Callable[Given, Awaitable[Gives]]
]:
    """Declare a coroutine method of a machine as a step of its scripts.

    The method makes its calls, changes the model, and raises
    `self.diverges(...)` where the answer does not fit; it may raise `Skip`.

    Args:
        weight: How often it is drawn beside the others.
        gives: What later steps call its result, as in `cursor`; they get it
            by `earlier('cursor')`. A result of None gives nothing.
        when: Asked once with the lab: whether the plugin on its backend can
            do this at all.
        arguments: How to make up each argument: `choice`, `number`,
            `several` or `earlier`.
    """

    def declare(
        body: Callable[Given, Awaitable[Gives]],
    ) -> Callable[Given, Awaitable[Gives]]:
        @functools.wraps(body)
        async def step(*args: Given.args, **kwargs: Given.kwargs) -> Gives:
            machine = cast('Machine', args[0])
            with machine.failing():
                result = await body(*args, **kwargs)
                await machine.check()
            return result

        name = body.__name__
        declared = Rule(name, arguments, weight, gives, when)
        step.rule = declared  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
        return step

    return declare


class _Failing:
    """Turns a call that raised where it must not into a divergence."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        """Raise a divergence for `HandlerFailed`."""
        if isinstance(error, HandlerFailed):
            found = error.finding
            values = None
            if found.seen or found.expected:
                values = Words(found.seen), Words(found.expected)
            raise Divergence('', found.path, found.message, values) from error


class Machine:
    """A model beside the plugin, and the rules that drive both.

    One instance lives for one script, with tenants of its own. Subclass it:
    write a method with `@rule` for each kind of step.

    Attributes:
        rules: Name to rule, of the class and its bases.
        lab: The lab; every call of the plugin goes through it.
        name: Lower-case word, unique in a run; tenants are named by it.
    """

    rules: ClassVar[Mapping[str, Rule]] = MappingProxyType({})

    def __init_subclass__(cls, **facts: Any) -> None:  # noqa: ANN401  as Python passes them
        """Collect the rules, those of the bases first."""
        super().__init_subclass__(**facts)
        own = {
            name: found
            for name, value in vars(cls).items()
            if isinstance(found := getattr(value, 'rule', None), Rule)
        }
        cls.rules = MappingProxyType({**cls.rules, **own})

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name

    async def start(self) -> None:
        """Make what each script needs; the model is empty before."""

    async def check(self) -> None:
        """Hold plugin and model together after each step.

        By default nothing is done: a rule that reads is a step like others,
        and faults that only show when nothing was read in between stay
        within reach.
        """

    async def finish(self) -> None:
        """Hold plugin and model together after the last step."""

    async def stop(self) -> None:
        """Take away what the script made; called after a failure, too."""

    def tenant(self, label: str = '') -> PluginContext:
        """Return the context of a project of this script's own.

        Args:
            label: Lower-case word, to tell several apart.

        Raises:
            Untestable: The sandbox fails or refuses.
        """
        # A letter between: tenant 0 of script m1 is not script m10's.
        return self.lab.tenant(f'{self.name}x{label}')

    @functools.cached_property
    def context(self) -> PluginContext:
        """Return the context of the script's first project."""
        return self.tenant()

    async def attempt(
        self,
        method: str,
        /,
        *args: Any,  # noqa: ANN401  the method's own
        ctx: PluginContext | None = None,
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> Answer:
        """Call a method of the plugin; the answer may be an error.

        Args:
            method: Its name.
            args: Arguments behind context and credentials.
            ctx: Whose; a copy of it is passed. None is `context`.
            kwargs: Keyword arguments.
        """
        ctx = fresh(self.context if ctx is None else ctx)
        return await self.lab.attempt(method, *args, ctx=ctx, **kwargs)

    async def call(
        self,
        method: str,
        /,
        *args: Any,  # noqa: ANN401  the method's own
        ctx: PluginContext | None = None,
        **kwargs: Any,  # noqa: ANN401  the method's own
    ) -> Any:  # noqa: ANN401  the method's own
        """Call a method of the plugin that must succeed; see `attempt`.

        Returns:
            What it returned. That it raises is a divergence.
        """
        answer = await self.attempt(method, *args, ctx=ctx, **kwargs)
        return self.lab.must(answer)

    def diverges(
        self,
        law: str,
        path: str,
        message: str,
        *,
        seen: object = NOTHING,
        expected: object = NOTHING,
    ) -> Divergence:
        """Return an error to raise where plugin and model disagree.

        Args:
            law: Id of the law that is broken, as in `CFG007`; blank where it
                cannot be told.
            path: What was called, as in `get_values(None)`.
            message: What was seen and what must hold: one sentence, without
                the values of secrets.
            seen: What the plugin answered, to be shown beside what must be;
                secrets in it are masked.
            expected: What the model says.
        """
        if isinstance(message, Compared):
            seen, expected = message.seen, message.expected
        same = seen is NOTHING and expected is NOTHING
        values = None if same else (seen, expected)
        return Divergence(law, path, message, values)

    @staticmethod
    def failing() -> _Failing:
        """Return a context that turns `HandlerFailed` into a divergence."""
        return _Failing()
