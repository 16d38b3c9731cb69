"""The base of everything a plugin declares: closed, frozen, and tidy in error.

pydantic stops at the first kind of fault, quotes the input and nests the
rest. A declaration instead runs two judges over the same input, pydantic for
shapes and `RULES` for meaning, and raises one `ManifestError` that lists all
findings. The input may hold a secret, so no message quotes a value that is
not plainly harmless, and the error is no `ValueError` that pydantic would
wrap together with that input (ADR 0012, section 5).
"""

from __future__ import annotations

import contextvars
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar, cast

import pydantic

from imbi_plugin_sdk._text import did_you_mean, listed
from imbi_plugin_sdk.errors import ManifestError, Problem
from imbi_plugin_sdk.manifest._frozen import frozen_model, is_same

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

type_names: Mapping[str, str] = {
    'NoneType': 'nothing',
    'bool': 'a boolean',
    'dict': 'a mapping',
    'float': 'a number',
    'int': 'an integer',
    'list': 'a list',
    'str': 'a string',
    'tuple': 'a tuple',
}

_HARMLESS = re.compile(r'[A-Za-z][A-Za-z ._:-]{0,39}')
_INSIDE: contextvars.ContextVar[bool] = contextvars.ContextVar(
    'imbi_plugin_sdk_inside_declaration', default=False
)

Rule = Callable[[Mapping[str, Any]], Iterable[Problem]]
"""Judges the plain view of a declaration; yields nothing where all is well."""


class _Nested(ValueError):  # noqa: N818  never leaves this module
    """Carries a nested declaration's problems through pydantic."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__('nested problems')
        self.problems = problems


class Declaration(pydantic.BaseModel):
    """A frozen model without unknown fields that reports all faults at once.

    Raises:
        ManifestError: From every way in (`__init__`, `model_validate`,
            `TypeAdapter`, a field of another model), never pydantic's own
            `ValidationError`, which quotes the input.
    """

    model_config = pydantic.ConfigDict(
        extra='forbid',
        frozen=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
        use_attribute_docstrings=False,
    )

    # A frozen copy, made when it was judged; not set on what
    # `model_construct`, a copy or unpickling made.
    __slots__ = ('_twin',)

    rules: ClassVar[tuple[Rule, ...]] = ()
    """What must hold beyond the shapes of the fields."""

    @pydantic.model_validator(mode='wrap')
    @classmethod
    def _report_all(
        cls, data: object, handler: pydantic.ModelWrapValidatorHandler[Self]
    ) -> Self:
        inside = _INSIDE.get()
        token = _INSIDE.set(True)
        value: Self | None = None
        try:
            value = handler(data)
            found: list[Problem] = []
        except pydantic.ValidationError as error:
            found = problems_of_validation(cls, error)
        finally:
            _INSIDE.reset(token)
        if value is not data:  # an instance was judged when it was made
            found += run_rules(cls.rules, view(data))
        problems = tuple(dict.fromkeys(found))
        # Raised outside of the handler above: no __context__ may carry the
        # pydantic error, for that one holds the input.
        if value is None or problems:
            if inside:
                raise _Nested(problems)
            raise ManifestError(cls.__name__, problems)
        if value is not data and cls.__module__.startswith(_OURS):
            _keep(value, frozen_model(value, _twin_within))
        return value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a declaration is frozen.

        Raises:
            ManifestError: Always; the value is not quoted.
        """
        raise ManifestError(
            type(self).__name__,
            [
                Problem(
                    'frozen',
                    safe_key(name),
                    'a declaration cannot be changed once it is made.',
                    'Make a new one: `declaration.model_copy(update=...)` '
                    'or the constructor.',
                )
            ],
        )


_OURS = f'{__name__.partition(".")[0]}.'
"""Modules whose declarations are remembered as judged: a subclass that
somebody derived may have other fields and rules."""

_SLOT: Any = Declaration.__dict__['_twin']
_keep: Callable[[object, pydantic.BaseModel], None] = _SLOT.__set__
_kept: Callable[[object], Declaration] = _SLOT.__get__


def judged_twin(declaration: Model) -> Model | None:
    """Return the frozen copy of a declaration that is as it was judged.

    Frozen does not mean unchangeable: a plugin can append to its manifest's
    lists, and `object.__setattr__` and `__dict__` pass by what refuses.

    Returns:
        None if it was never judged (`model_construct`, a copy, an unpickled
        one), or if anything in it is not the very object that was judged; it
        may be valid all the same.
    """
    try:
        twin = cast('Model', _kept(declaration))
        same = is_same(declaration.__dict__, twin.__dict__, _kept)
    except (AttributeError, KeyError, TypeError):
        return None
    return twin if same else None


def _twin_within(value: Any) -> Any:  # noqa: ANN401  any model
    """Return the copy of a model inside one that is being judged."""
    try:
        return _kept(value)
    except (AttributeError, TypeError):
        return frozen_model(value, _twin_within)


Model = TypeVar('Model', bound=Declaration)


def run_rules(
    rules: tuple[Rule, ...], data: Mapping[str, Any]
) -> list[Problem]:
    """Return what every rule finds, in the order of the table."""
    return [problem for rule in rules for problem in rule(data)]


def view(data: object) -> Mapping[str, Any]:
    """Return the fields of a declaration or of its raw input; never fails."""
    if isinstance(data, Mapping):
        raw = cast('Mapping[object, Any]', data)
        return {key: raw[key] for key in raw if isinstance(key, str)}
    if isinstance(data, pydantic.BaseModel):
        return data.__dict__
    return {}


def entries(data: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """Yield `(path, entry)` of a list-valued field, whatever it holds."""
    values = data.get(name)
    if isinstance(values, (list, tuple)):
        for index, value in enumerate(cast('list[Any]', values)):
            yield f'{name}[{index}]', value


def items(data: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """Yield `(key, value)` of a dict-valued field, whatever it holds."""
    values = data.get(name)
    if isinstance(values, Mapping):
        yield from view(cast('Mapping[object, Any]', values)).items()


def plain(value: object, depth: int = 12) -> Any:  # noqa: ANN401  JSON-like
    """Return dicts, lists and scalars for any declaration.

    Works on objects made by `model_construct` too, which skips validation,
    and so is how the kit judges a manifest that was never validated. Twelve
    levels are twice what a valid manifest can have.
    """
    if depth == 0:
        return None
    if isinstance(value, pydantic.BaseModel):
        value = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    if isinstance(value, Mapping):
        raw = cast('Mapping[str, Any]', value)
        return {key: plain(raw[key], depth - 1) for key in raw}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth - 1) for item in cast('list[Any]', value)]
    return value


def seen(value: object) -> str:
    """Return what a message may say of a value that was not expected."""
    name = type(value).__name__
    if isinstance(value, str):
        if not value.strip():
            return 'a blank string'
        if _HARMLESS.fullmatch(value):
            return repr(value)
        return f'a string of {len(value)} characters'
    if isinstance(value, (bool, int)) and abs(value) < 10**6:
        return repr(value)
    return type_names.get(name, f'a {name}')


def safe_key(key: object) -> str:
    """Return a key for a path; one that could be a secret is masked."""
    text = str(key)
    if re.fullmatch(r'[A-Za-z][A-Za-z0-9_-]{0,63}', text) and not re.search(
        r'\d{4}|[a-z]\d[a-z]|[A-Z]\d[A-Z]', text
    ):
        return text
    return '***'


def path_of(location: Iterable[int | str]) -> str:
    """Return pydantic's `loc` as `options[2].name`."""
    path = ''
    for part in location:
        if isinstance(part, int):
            path += f'[{part}]'
        elif part == '[key]':
            continue
        else:
            path += f'.{safe_key(part)}' if path else safe_key(part)
    return path


def problems_of_validation(
    model: type[pydantic.BaseModel], error: pydantic.ValidationError
) -> list[Problem]:
    """Translate pydantic's findings, which quote the input, into ours."""
    problems: list[Problem] = []
    for detail in error.errors(include_url=False):
        cause = detail.get('ctx', {}).get('error')
        if isinstance(cause, _Nested):
            prefix = path_of(detail['loc'])
            problems += [problem.under(prefix) for problem in cause.problems]
        else:
            problems.append(_problem(model, detail))
    return _without_union_noise(problems)


def _problem(model: type[pydantic.BaseModel], detail: ErrorDetails) -> Problem:
    kind, location = detail['type'], detail['loc']
    path, context = path_of(location), detail.get('ctx', {})
    if kind == 'extra_forbidden':
        name = safe_key(location[-1])
        return Problem(
            'unknown_field',
            path,
            f'{model.__name__} has no field {name!r}.'
            f'{did_you_mean(name, model.model_fields)}',
            f'Remove it or use one of {listed(model.model_fields)}.',
        )
    if kind == 'missing':
        return Problem(
            'missing_field',
            path,
            f'{model.__name__} needs the field {path!r}.',
            f'Add `{location[-1]}=...`.',
        )
    if kind == 'literal_error':
        expected = str(context['expected'])
        known = re.findall(r"'([^']*)'", expected)
        was = seen(detail['input'])
        return Problem(
            'wrong_choice',
            path,
            f'{was} is not one of {expected}.'
            f'{did_you_mean(str(detail["input"])[:64], known)}',
            f'Use one of {expected}.',
        )
    if kind == 'value_error':
        return Problem(
            'wrong_value',
            path,
            f'{detail["msg"].removeprefix("Value error, ")}.',
            'Change the value as the message says.',
        )
    must = _EXPECTED.get(kind, detail['msg'].removeprefix('Input should be '))
    must = must.removeprefix('a valid ')
    return Problem(
        'wrong_type' if kind.endswith('_type') else 'wrong_value',
        path,
        f'{seen(detail["input"])} was given where {must} must stand.',
        f'Give {must}.',
    )


_EXPECTED: Mapping[str, str] = {
    'bool_parsing': 'a boolean',
    'bool_type': 'a boolean',
    'dict_type': 'a mapping',
    'int_from_float': 'an integer',
    'int_parsing': 'an integer',
    'int_type': 'an integer',
    'list_type': 'a list',
    'model_type': 'a declaration or a mapping of its fields',
    'string_type': 'a string',
}


def _without_union_noise(problems: list[Problem]) -> list[Problem]:
    """Fold the lines that pydantic writes per member of a union.

    `default: str | int | bool | dict` gives four lines (`default.str`,
    `default.int` …) for one wrong value; an author reads one.
    """
    union = re.compile(r'\.(?:str|int|bool|dict(?:-[A-Za-z_-]+)?)$')
    folded: dict[str, Problem] = {}
    for problem in problems:
        path = union.sub('', problem.path)
        if path == problem.path:
            folded[f'{path}\0{problem.code}'] = problem
        else:
            message, separator, must = problem.message.partition(
                ' was given where '
            )
            if not separator:
                message, must = problem.message, ''
            key = f'{path}\0union'
            before = folded.get(key)
            musts = must.removesuffix(' must stand.')
            if before is not None:
                earlier = before.message.partition(' was given where ')[2]
                musts = f'{earlier.removesuffix(" must stand.")} or {musts}'
            folded[key] = Problem(
                'wrong_type',
                path,
                f'{message} was given where {musts} must stand.',
                f'Give {musts}.',
            )
    return list(folded.values())
