"""Tags and releases (DEP008 and DEP009)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from imbi_plugin_sdk._text import counted, shown
from imbi_plugin_testkit.checks import check
from imbi_plugin_testkit.comparing import with_values
from imbi_plugin_testkit.lab.script import described
from imbi_plugin_testkit.laws import CALLABLE
from imbi_plugin_testkit.laws._store import is_typed
from imbi_plugin_testkit.laws.deployment._graphs import NAMES, story
from imbi_plugin_testkit.laws.deployment._repository import (
    limits_of,
    must_implement,
    planted,
    some,
)
from imbi_plugin_testkit.model import Finding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from imbi_plugin_sdk.handlers.deployment import Ref, RefInfo, ReleaseInfo
    from imbi_plugin_testkit.lab import Answer, Lab
    from imbi_plugin_testkit.laws.deployment._repository import Repository
    from imbi_plugin_testkit.models.deployment import RemoteRelease

TYPES = ('deployment',)

MADE = ('kit/v2.0#1', 'v2.0')
"""Tags that are created: one that URLs cannot hold as it is, one plain."""

MARKDOWN = (
    '# Überblick & <more>\n\n- first \\* item\n  - nested  \n    line\n\n'
    '```sh\necho "$HOME" `id` %20\n```\n\n<!-- kept --> 🚀 #12 @nobody {{ x }}'
)
"""Notes in which white space, quotes, markup and non-ASCII text matter."""


@check(
    'DEP008',
    title='a created tag is listed, resolves to its commit, and never moves',
    fix='Create the tag for the commit that was asked for; where the remote '
    'says that the name is taken, compare the commits, and return the tag or '
    'raise, but never update or delete it.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=frozenset({'plant'}),
)
async def tags_stay_where_they_are(lab: Lab) -> AsyncIterator[Finding]:
    """A tag is what a release is known by; whoever moves it rewrites history.

    Tags are created for a commit that is no tip, under a plain name and one
    with `/` and `#`, and are then looked for among the tags and resolved.
    The same tag for the same commit once more may succeed or be a typed
    conflict; for another commit it must be a typed conflict. So it is with
    a tag that was there before. Either way the tag stays, once. Whether it
    is annotated or lightweight is free.
    """
    must_implement(lab, 'create_tag')
    repository = await planted(lab, story(limits_of(lab)))
    sha, other = repository.shas['topic'], repository.shas['second']
    for tag in MADE:
        made: RefInfo = await repository.ask('create_tag', sha, tag, 'Kit')
        for message in _tag_faults(repository, made, tag, sha):
            yield Finding(f'create_tag({tag!r})', message)
        async for finding in _held(repository, tag, sha, 'after it was made'):
            yield finding
    standing = repository.graph.tags[1].name
    for tag, right in (
        (MADE[0], sha),
        (standing, repository.tips()[standing]),
    ):
        answer = await repository.attempt('create_tag', right, tag, 'Again')
        for message in _again(repository, answer, tag, right):
            yield Finding(f'create_tag({tag!r})', message)
        refused = await repository.not_refused(
            'create_tag', other, tag, 'Another'
        )
        if refused:
            yield Finding(
                f'create_tag({tag!r})',
                f'for another commit than the tag has, {refused}.',
            )
        async for finding in _held(
            repository, tag, right, 'after it was asked for another commit'
        ):
            yield finding


def _tag_faults(
    repository: Repository, made: RefInfo, tag: str, sha: str
) -> Iterator[str]:
    if made.name != tag:
        message = f'returned the name {shown(made.name)}, not {tag!r}.'
        yield with_values(message, made.name, tag)
    if made.sha != sha:
        yield with_values(
            f'returned {repository.label(made.sha)!r}, and must return the '
            f'commit that it names, {repository.label(sha)!r} ({sha}).',
            made.sha,
            sha,
        )


def _again(
    repository: Repository, answer: Answer, tag: str, sha: str
) -> Iterator[str]:
    """Yield what is wrong with how the same tag was taken once more."""
    if answer.error is None:
        yield from _tag_faults(repository, answer.result, tag, sha)
    elif not is_typed(answer.error):
        told = described(answer.error, repository.lab.secrets)
        yield (
            f'the same tag for the same commit raised {told}; it must '
            'succeed, or raise ValueError or a PluginError.'
        )


async def _held(
    repository: Repository, tag: str, sha: str, when: str
) -> AsyncIterator[Finding]:
    """Yield where a tag is not listed once, or names another commit."""

    async def read() -> list[Ref]:
        refs: list[Ref] = await repository.ask('list_refs', kind='tag')
        return [ref for ref in refs if ref.name == tag]

    refs = await repository.lab.eventually(
        read, lambda refs: [ref.sha for ref in refs] == [sha]
    )
    if len(refs) != 1:
        yield Finding(
            "list_refs(kind='tag')",
            f'has {tag!r} {counted(len(refs), "time")} {when}; it must be '
            'there once.',
        ).comparing([ref.name for ref in refs], [tag])
    commit = await repository.ask('resolve_committish', tag)
    for path, found in (
        ("list_refs(kind='tag')", refs[0].sha if refs else sha),
        (f'resolve_committish({tag!r})', commit.sha),
    ):
        if found != sha:
            yield Finding(
                path,
                f'{when}, {tag!r} is at {repository.label(found)!r}; it must '
                f'be at {repository.label(sha)!r}.',
            ).comparing(found, sha)


@check(
    'DEP009',
    title='a release needs its tag, keeps its notes, and is made once',
    fix='Refuse a tag that does not exist, instead of letting the remote make '
    'it; pass title, notes and `prerelease` on as they are; where a release '
    'is there already, return it or raise.',
    law=True,
    types=TYPES,
    requires=CALLABLE,
    needs=frozenset({'plant', 'releases'}),
)
async def releases_are_made_once(lab: Lab) -> AsyncIterator[Finding]:
    """What is announced is what was tagged, in the words of its author.

    Some remotes create a missing tag at the default branch, and announce
    what nobody chose. A release is asked for a tag that does not exist: a
    typed error, and neither a release nor a tag appears. Then tags are
    released, as pre-release and not, with notes in which every character
    counts, and looked for at the remote. The same call once more may succeed
    or be a typed conflict; there is one release all the same.
    """
    must_implement(lab, 'create_release')
    repository = await planted(lab, story(limits_of(lab)))
    missing = 'v9.9-not-there'
    before = {held.tag for held in await repository.releases()}
    refused = await repository.not_refused(
        'create_release', missing, 'Kit', MARKDOWN, prerelease=False
    )
    if refused:
        yield Finding(
            f'create_release({missing!r})', f'without its tag, {refused}.'
        )
    appeared = [
        held.tag for held in await repository.releases() if held.tag == missing
    ]
    refs: list[Ref] = await repository.ask('list_refs', kind='tag')
    appeared += [ref.name for ref in refs if ref.name == missing]
    if appeared:
        yield Finding(
            f'create_release({missing!r})',
            'a tag or release appeared for a tag that did not exist.',
        )
    for tag, prerelease in ((NAMES[1], True), ('v1.1', False)):
        name, path = f'Kit {tag} “one” ✓', f'create_release({tag!r})'
        release = functools.partial(
            repository.attempt,
            'create_release',
            tag,
            name,
            MARKDOWN,
            prerelease=prerelease,
        )
        made: ReleaseInfo = lab.must(await release())
        if (made.tag, made.prerelease) != (tag, prerelease):
            yield Finding(
                path,
                f'returned tag={shown(made.tag)} and '
                f'prerelease={made.prerelease}; asked for were {tag!r} and '
                f'{prerelease}.',
            ).comparing(
                {'tag': made.tag, 'prerelease': made.prerelease},
                {'tag': tag, 'prerelease': prerelease},
            )
        again = await release()
        if again.error is not None and not is_typed(again.error):
            told = described(again.error, lab.secrets)
            yield Finding(
                path,
                f'once more raised {told}; it must succeed, or raise '
                'ValueError or a PluginError.',
            )
        found = [
            held for held in await repository.releases() if held.tag == tag
        ]
        if len(found) != 1:
            yield Finding(
                path,
                f'asked for twice, left {counted(len(found), "release")} of '
                'the tag; there must be one.',
            ).comparing([held.tag for held in found], [tag])
        wanted = (name, MARKDOWN, prerelease)
        for message in _release_faults(found[:1], wanted):
            yield Finding(path, message)
    strange = [
        held.tag
        for held in await repository.releases()
        if held.tag not in {NAMES[1], 'v1.1', missing, *before}
    ]
    if strange:
        yield Finding(
            'create_release()', f'released {some(strange)}, unasked.'
        )


def _release_faults(
    found: list[RemoteRelease], wanted: tuple[str, str, bool]
) -> Iterator[str]:
    for held in found:
        for what, got, want in zip(
            ('title', 'notes', 'prerelease'),
            (held.name, held.body, held.prerelease),
            wanted,
            strict=True,
        ):
            if got != want:
                yield with_values(
                    f'the {what} at the remote is {shown(got)}, and must be '
                    f'{shown(want)}.',
                    got,
                    want,
                )
