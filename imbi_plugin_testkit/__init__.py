"""The proof that a plugin keeps the contract of `imbi_plugin_sdk`."""
