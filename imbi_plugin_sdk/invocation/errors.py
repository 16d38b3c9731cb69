"""What a call can fail with beside the errors that a plugin raises itself.

::

    PluginError
    ├── PluginRaised                     plugin_raised                500
    │   ├── PluginFailed                 plugin_failed                500
    │   ├── PluginArgumentRefused        argument_refused             422
    │   └── PluginMethodNotImplemented   method_not_implemented       501
    └── ProblemsError
        ├── InvocationError              invocation_invalid           500
        └── PluginResultInvalid          result_invalid               502

An exception that is no `PluginError` never leaves a call: it is told by a
`PluginRaised`, which holds text and not the exception, since an exception
keeps frames, and frames keep credentials (law SEC001).
"""

from __future__ import annotations

from imbi_plugin_sdk.errors import PluginError, ProblemsError

__all__ = [
    'InvocationError',
    'PluginArgumentRefused',
    'PluginFailed',
    'PluginMethodNotImplemented',
    'PluginRaised',
    'PluginResultInvalid',
]


class PluginRaised(PluginError):  # noqa: N818  named like contract v1's
    """A plugin raised something that is no `PluginError`.

    Attributes:
        plugin: The plugin's slug, or its class where the slug is not known.
        method: The method, or the action, that was called.
        exception: The original type, as in `httpx.ConnectError`.
        message: Its text, redacted and shortened.
        trace: Types, messages and places of it and of what caused it,
            outermost first; redacted. For logs.
    """

    code = 'plugin_raised'
    http_status = 500
    verb = 'raised'

    def __init__(
        self,
        plugin: str,
        method: str,
        exception: str,
        message: str,
        trace: str = '',
    ) -> None:
        colon = ': ' if message else ''
        super().__init__(
            f'{plugin}.{method} {self.verb} {exception}{colon}{message}'
        )
        self.plugin = plugin
        self.method = method
        self.exception = exception
        self.message = message
        self.trace = trace

    def __reduce__(
        self,
    ) -> tuple[type[PluginRaised], tuple[str, ...], dict[str, object]]:
        """Pickle by the constructor's arguments, not by `args`."""
        facts = (
            self.plugin,
            self.method,
            self.exception,
            self.message,
            self.trace,
        )
        return type(self), facts, vars(self)


class PluginFailed(PluginRaised):
    """A plugin broke: what it raised is no error of the contract."""

    code = 'plugin_failed'


class PluginArgumentRefused(PluginRaised, ValueError):  # noqa: N818  as above
    """A plugin refused an argument with a `ValueError`."""

    code = 'argument_refused'
    http_status = 422
    verb = 'refused an argument with'


class PluginMethodNotImplemented(PluginRaised, NotImplementedError):  # noqa: N818  as above
    """An optional method that the plugin does not implement (law ASY011)."""

    code = 'method_not_implemented'
    http_status = 501
    verb = 'is not implemented:'


class InvocationError(ProblemsError):
    """The host asked for a call that the contract does not have.

    Raised before the plugin is touched. Codes of the problems: method_unknown,
    argument_unknown, argument_missing, action_unknown, action_config_invalid.
    """

    code = 'invocation_invalid'
    http_status = 500


class PluginResultInvalid(ProblemsError):  # noqa: N818  as above
    """What a method returned is not what the contract says (law ASY002).

    The problems say where and of which type, and quote no value: a result
    may hold secrets.
    """

    code = 'result_invalid'
    http_status = 502
