"""The side effects that importing a plugin must not have: one row each.

An effect is a MUST where it changes the process for everybody in it, or does
something that an operator has not agreed to; what only disfigures is a
SHOULD.
"""

from __future__ import annotations

import dataclasses

from imbi_plugin_testkit.model import Severity


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """One kind of side effect, and the check that looks for it.

    Attributes:
        id: Id of the check.
        kind: `Effect.kind` of the probe.
        title: What must hold.
        seen: Begins the message; what changed follows.
        fix: How to mend it.
        rationale: Why it must hold.
        severity: MUST, unless it does no harm to the process.
    """

    id: str
    kind: str
    title: str
    seen: str
    fix: str
    rationale: str
    severity: Severity = Severity.MUST


EFFECTS = (
    EffectRow(
        id='PKG110',
        kind='output',
        title='importing prints nothing',
        seen='importing it wrote to the terminal',
        fix='Use `logging.getLogger(__name__)`, and only inside of functions.',
        rationale=(
            "What a plugin prints lands in the host's output, between records"
            ' that other programs parse. It does no lasting harm to the '
            'process, so this is a warning.'
        ),
        severity=Severity.SHOULD,
    ),
    EffectRow(
        id='PKG111',
        kind='cwd',
        title='importing leaves the current directory alone',
        seen='importing it changed the directory',
        fix=(
            'Use absolute paths, and `importlib.resources` for your own files.'
        ),
        rationale=(
            'The current directory belongs to the whole process. Every '
            'relative path of the host and of other plugins means another '
            'file after it is changed, and none of them can know.'
        ),
    ),
    EffectRow(
        id='PKG112',
        kind='environment',
        title='importing leaves the environment alone',
        seen='importing it changed a variable',
        fix=(
            'Pass settings as arguments; read configuration from '
            '`ctx.assignment_options`.'
        ),
        rationale=(
            'Variables of the environment are read by every library of the '
            'process and inherited by its children. One that a plugin sets (a'
            ' proxy, a region, a log level) steers calls of others in secret.'
        ),
    ),
    EffectRow(
        id='PKG113',
        kind='sys_path',
        title='importing leaves sys.path alone',
        seen='importing it changed the search path',
        fix=(
            'Ship the modules in a package of your own and import them by '
            'name.'
        ),
        rationale=(
            'Entries on `sys.path` decide which file the next import of '
            'anybody finds. A folder that a plugin adds can shadow modules of'
            ' the host, depending on the order in which plugins are loaded.'
        ),
    ),
    EffectRow(
        id='PKG114',
        kind='signals',
        title='importing leaves signal handlers and timers alone',
        seen='importing it changed signal handling',
        fix='Leave signals to the host; clean up in the method that needs it.',
        rationale=(
            'The host stops in order when it is told to, by its own signal '
            'handlers. A plugin that takes one over makes shutdown hang or '
            'lose requests, and outside of the main thread it fails to import'
            ' at all.'
        ),
    ),
    EffectRow(
        id='PKG115',
        kind='logging',
        title='importing leaves the set-up of logging alone',
        seen='importing it changed logging',
        fix=(
            'Make a logger with `logging.getLogger(__name__)`, and leave '
            'levels, handlers and `basicConfig` to the host.'
        ),
        rationale=(
            "Logging is configured once, by the host, for the operator's "
            'needs. A plugin that sets the root level, adds handlers or '
            'disables loggers doubles, floods or silences the records of '
            'everybody, among them those that an audit needs.'
        ),
    ),
    EffectRow(
        id='PKG116',
        kind='warnings',
        title='importing leaves the warnings filters alone',
        seen='importing it changed warnings',
        fix=(
            'Use `with warnings.catch_warnings():` around the call that warns.'
        ),
        rationale=(
            'Filters are global. A plugin that ignores warnings hides the '
            "host's deprecations; one that makes them errors breaks the code "
            'of others at a distance.'
        ),
    ),
    EffectRow(
        id='PKG117',
        kind='threads',
        title='importing leaves no thread running',
        seen='importing it left a thread running',
        fix=(
            'Do the work in the coroutine that is called, or start what it '
            'needs there and stop it there.'
        ),
        rationale=(
            'A thread that begins at import runs in every process that only '
            'looks at the plugin, command line and tests included. It does '
            'not survive a fork, delays the exit, and nobody stops it on a '
            'reload.'
        ),
    ),
    EffectRow(
        id='PKG118',
        kind='network',
        title='importing makes no network call',
        seen='importing it reached for the network',
        fix='Connect in the method that needs the connection.',
        rationale=(
            'Importing happens where there is no network (build, tests, '
            'admission) and before an operator has agreed to anything. A host'
            ' that cannot reach a vendor must still start, and say so per '
            'call.'
        ),
    ),
    EffectRow(
        id='PKG119',
        kind='subprocess',
        title='importing starts no other program',
        seen='importing it started a process',
        fix='Start the program in the method that needs it, without blocking.',
        rationale=(
            "The program may be missing or slow, and it runs with the host's "
            'rights before anybody asked for it. A fork at import copies '
            'locks and connections of the host in an unknown state.'
        ),
    ),
    EffectRow(
        id='PKG120',
        kind='files',
        title='importing writes no file',
        seen='importing it changed the file system',
        fix='Keep state in memory or in the backend; ship data in the wheel.',
        rationale=(
            'Hosts run from read-only images, as a user without a home. What '
            'a plugin writes at import fails there, or piles up in folders '
            'that nobody looks after. Compiled bytecode does not count.'
        ),
    ),
    EffectRow(
        id='PKG121',
        kind='patches',
        title='importing replaces nothing of others',
        seen='importing it patched foreign code',
        fix='Subclass or wrap what you need in your own module, and use that.',
        rationale=(
            'A function or class that is replaced is replaced for the host '
            'and for every plugin, also where it guards something, as '
            'certificate checks do. What then happens depends on which plugin'
            ' was loaded last.'
        ),
    ),
    EffectRow(
        id='PKG122',
        kind='interpreter',
        title='importing leaves the settings of the interpreter alone',
        seen='importing it changed the interpreter',
        fix=(
            'Leave hooks, limits, locale, umask and event-loop policy to the '
            'host.'
        ),
        rationale=(
            'Hooks for exceptions and imports, limits, locale, umask, default'
            ' time-outs and the event-loop policy are one per process and '
            'belong to the host. They cannot be taken back when the plugin is'
            ' unloaded.'
        ),
    ),
)
