"""Real brand icons from npm, and what they look like before and after.

The packages are installed by name into a folder of the caller's; none is
committed. resvg draws a picture twice: as it came, and as the sanitizer left
it.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING, Any

from imbi_plugin_sdk.errors import IconError
from imbi_plugin_sdk.icons import sanitize_svg

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator, Sequence

RENDERER = '@resvg/resvg-js'

STEP = 8
"""Difference of a channel, of 255, that antialiasing may make."""

SIDE = 96
"""Pixels of the width that pictures are drawn in: what an admin page uses."""

RENDER = """
import { Resvg } from '@resvg/resvg-js';
import { createInterface } from 'node:readline';
const draw = data => {
  const image = new Resvg(Buffer.from(data, 'base64'), {
    fitTo: { mode: 'width', value: SIDE },
    font: { loadSystemFonts: false }, logLevel: 'off' }).render();
  return [image.width, image.height, image.pixels];
};
for await (const line of createInterface({ input: process.stdin })) {
  const [before, after] = JSON.parse(line);
  let result = 0, one;
  try { one = draw(before); } catch { one = null; }
  if (one === null) result = null;
  else try {
    const two = draw(after);
    if (one[0] !== two[0] || one[1] !== two[1]) result = -1;
    else for (let i = 0; i < one[2].length; i += 4) {
      for (let k = 0; k < 4; k++)
        if (Math.abs(one[2][i + k] - two[2][i + k]) > STEP) {
          result++; break;
        }
    }
  } catch { result = -1; }
  console.log(JSON.stringify(result));
}
""".replace('STEP', str(STEP)).replace('SIDE', str(SIDE))


@dataclasses.dataclass(frozen=True)
class Picture:
    """One icon, drawn before and after.

    Attributes:
        name: Package and file.
        pixels: How many differ; -1 if the size does, None where resvg does
            not draw the original.
        removals: What the sanitizer took out that could be seen.
    """

    name: str
    pixels: int | None
    removals: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Drawn:
    """All icons, drawn.

    Attributes:
        pictures: Those that the sanitizer took.
        refused: Name to problem of those that it refused.
    """

    pictures: tuple[Picture, ...]
    refused: dict[str, tuple[str, str]]

    @property
    def drawn(self) -> list[Picture]:
        """Return the pictures whose original could be drawn."""
        return [each for each in self.pictures if each.pixels is not None]

    @property
    def different(self) -> list[Picture]:
        """Return the pictures that do not look as before."""
        return [each for each in self.drawn if each.pixels]


def missing() -> str:
    """Return what is not installed here, or nothing."""
    absent = [name for name in ('node', 'npm') if shutil.which(name) is None]
    return ' and '.join(absent)


def install(folder: pathlib.Path, packages: Sequence[str]) -> None:
    """Install icon packages and the renderer with npm."""
    (folder / 'package.json').write_text('{"private": true}')
    subprocess.run(
        ['npm', 'install', '--silent', '--no-audit', *packages, RENDERER],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def icons(folder: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every icon, Iconify's as its files would be."""
    modules = folder / 'node_modules'
    for path in sorted(modules.rglob('*.svg')):
        yield str(path.relative_to(modules)), path.read_bytes()
    for path in sorted(modules.glob('@iconify-json/*/icons.json')):
        data = json.loads(path.read_text())
        for name, icon in data['icons'].items():
            width = icon.get('width', data.get('width', 16))
            height = icon.get('height', data.get('height', 16))
            text = (
                '<svg xmlns="http://www.w3.org/2000/svg" '
                'xmlns:xlink="http://www.w3.org/1999/xlink" '
                f'viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
            )
            yield f'{path.parent.name}:{name}', text.encode()


def draw(
    folder: pathlib.Path,
    found: Sequence[tuple[str, bytes]],
    sanitize: Callable[[bytes], Any] = sanitize_svg,
) -> Drawn:
    """Draw icons before and after they are sanitized.

    Args:
        folder: Where `install` put the renderer.
        found: Name and bytes of each icon.
        sanitize: What is tried; another one shows that a loss is seen.
    """
    (folder / 'render.mjs').write_text(RENDER)
    jobs: list[tuple[str, bytes, Any]] = []
    refused: dict[str, tuple[str, str]] = {}
    for name, data in found:
        try:
            jobs.append((name, data, sanitize(data)))
        except IconError as error:
            problem = error.problems[0]
            refused[name] = (problem.code, problem.message)
    process = subprocess.Popen(
        ['node', 'render.mjs'],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def feed() -> None:
        assert process.stdin is not None
        for _, data, result in jobs:
            pair = [base64.b64encode(d).decode() for d in (data, result.data)]
            process.stdin.write(json.dumps(pair) + '\n')
        process.stdin.close()

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    assert process.stdout is not None
    with process.stdout:
        counts = [json.loads(line) for line in process.stdout]
    feeder.join()
    if process.wait() or len(counts) != len(jobs):
        raise RuntimeError(
            f'the renderer gave {len(counts)} answers for {len(jobs)} icons'
        )
    pictures = tuple(
        Picture(
            name,
            count,
            tuple(str(r) for r in result.removals if r.grade != 'inert'),
        )
        for (name, _, result), count in zip(jobs, counts, strict=True)
    )
    return Drawn(pictures, refused)
