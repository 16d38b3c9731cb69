"""A folder of its own for the kit."""

import tempfile

from imbi_plugin_testkit.sandbox import BaseSandbox


class BrokenSandbox(BaseSandbox):
    """A temporary directory; the plugins' faults are not its own."""

    backend = 'real'

    async def __aenter__(self):
        """Make the folder."""
        self._folder = tempfile.TemporaryDirectory()
        self.context.assignment_options['folder'] = self._folder.name
        return self

    async def __aexit__(self, *_):
        """Remove the folder with all that is in it."""
        self._folder.cleanup()


def make(_plugin):
    """Return a sandbox; the kit names this function."""
    return BrokenSandbox()
