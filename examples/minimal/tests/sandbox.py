"""A SQLite file of its own for the kit."""

import contextlib
import pathlib
import sqlite3
import tempfile

from imbi_plugin_minimal import TABLE

from imbi_plugin_testkit.sandbox import (
    BaseSandbox,
    Fault,
    UnsupportedBySandbox,
)


class MinimalSandbox(BaseSandbox):
    """A file in a temporary directory."""

    backend = 'real'

    async def __aenter__(self):
        """Make the directory."""
        self._directory = tempfile.TemporaryDirectory()
        self._file = pathlib.Path(self._directory.name, 'configuration')
        self.context.assignment_options['file'] = str(self._file)
        return self

    async def __aexit__(self, *_):
        """Remove the directory with all that is in it."""
        self._directory.cleanup()

    def fault(self, kind):
        """Put something else in the file's place: a folder, or rubbish."""
        if kind not in (Fault.UNAVAILABLE, Fault.MALFORMED):
            raise UnsupportedBySandbox(f'fault({kind})')
        return self._spoilt(kind)

    @contextlib.asynccontextmanager
    async def _spoilt(self, kind):
        kept = self._file.with_suffix('.kept')
        if self._file.exists():
            self._file.rename(kept)
        if kind is Fault.UNAVAILABLE:
            self._file.mkdir()
        else:
            self._file.write_text('not a database, but long enough' * 99)
        try:
            yield
        finally:
            if kind is Fault.UNAVAILABLE:
                self._file.rmdir()
            else:
                self._file.unlink()
            if kept.exists():
                kept.rename(self._file)

    async def snapshot(self):
        """Return every row, by tenant and key."""
        with contextlib.closing(sqlite3.connect(self._file)) as file:
            file.execute(TABLE)
            rows = file.execute('SELECT * FROM configuration').fetchall()
        return {f'{tenant} {key}': rest for tenant, key, *rest in rows}


def make(_plugin):
    """Return a sandbox; the kit names this function."""
    return MinimalSandbox()
