"""The page about `imbi-plugin new` shows what it says and what comes of it."""

import subprocess
import sys
import zipfile

import pytest

PAGE = 'docs/scaffold.md'


@pytest.fixture(scope='module')
def shown(pages):
    """Return command to what the page shows of its output."""
    return {
        block.value: block.text
        for block in pages[PAGE].blocks
        if block.verb == 'run'
    }


def test_the_two_commands_bring_what_the_page_shows(
    shown, run_command, missing_from, tmp_path
):
    pytest.importorskip('httpx')
    pytest.importorskip('hatchling')
    new, judge = shown
    output = run_command(new, tmp_path)
    assert not missing_from(shown[new], output), output

    # What pip would install, without asking an index for it.
    folder = tmp_path / 'imbi-plugin-acme'
    subprocess.run(
        [sys.executable, '-m', 'hatchling', 'build', '-t', 'wheel'],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    [wheel] = (folder / 'dist').glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / 'site')
    output = run_command(judge, folder, PYTHONPATH=str(tmp_path / 'site'))
    assert not missing_from(shown[judge], output), output


def test_the_page_names_the_limit_that_holds(pages):
    from imbi_plugin_testkit import scaffold  # noqa: PLC0415

    assert f'at most {scaffold.LONGEST_NAME} ' in pages[PAGE].text
