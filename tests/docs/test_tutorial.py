"""Getting started, step by step, in a process of its own for each run."""

import tomllib

from imbi_plugin_testkit.model import Verdict


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder, make_distribution, run_command):
        self.folder = folder
        self.make = make_distribution
        self.run_command = run_command

    def file(self, block):
        path = self.folder / block.value
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, 'utf-8')

    def append(self, block):
        path = self.folder / block.value
        path.write_text(path.read_text('utf-8') + block.text, 'utf-8')

    def edit(self, block):
        lines = block.text.splitlines()
        old = [line[1:] for line in lines if line.startswith('-')]
        new = [line[1:] for line in lines if line.startswith('+')]
        path = self.folder / block.value
        text = path.read_text('utf-8')
        assert text.count('\n'.join(old)) == 1, f'line {block.line}'
        path.write_text(text.replace('\n'.join(old), '\n'.join(new)), 'utf-8')

    def run(self, block):
        site = self.install()
        return self.run_command(block.value, self.folder, PYTHONPATH=str(site))

    def install(self):
        """Do what `pip install .` does, without an index or a build."""
        text = (self.folder / 'pyproject.toml').read_text('utf-8')
        project = tomllib.loads(text)['project']
        source = self.folder / 'src'
        files = {
            path.relative_to(source).as_posix(): path.read_text('utf-8')
            for path in sorted(source.rglob('*'))
            if path.is_file() and '__pycache__' not in path.parts
        }
        return self.make(
            project['name'],
            project['version'],
            files=files,
            entry_points=project['entry-points']['imbi.plugins'],
            requires=project['dependencies'],
        ).site


def test_each_step_does_what_the_page_says(
    pages, tmp_path, make_distribution, run_command, missing_from
):
    folder = tmp_path / 'imbi-plugin-minimal'
    reader = Reader(folder, make_distribution, run_command)
    outputs = []
    for block in pages['docs/getting-started.md'].blocks:
        if not block.verb:
            continue
        output = getattr(reader, block.verb)(block)
        if output is not None:
            missing = missing_from(block.text, output)
            assert not missing, f'line {block.line}:\n{missing}\n\n{output}'
            outputs.append(output)

    ends = [
        next(
            (v for v in Verdict if f' {v} (' in output.replace(': ', ' ')), ''
        )
        for output in outputs
    ]
    assert ends == [
        Verdict.NOT_CONFORMANT,
        Verdict.CONFORMANT,
        Verdict.NOT_CONFORMANT,
        '',
        '',
    ]


def test_the_page_names_an_extra_that_brings_the_kit(pages):
    first = pages['docs/getting-started.md'].of('toml')[0]
    extras = tomllib.loads(first.text)['project']['optional-dependencies']

    assert any('[testkit]' in line for line in extras['test'])
    assert "pip install '.[test]'" in pages['docs/getting-started.md'].text
