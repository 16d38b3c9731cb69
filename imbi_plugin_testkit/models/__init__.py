"""What the backend of each plugin type holds, as the laws see it.

One module per plugin type whose laws need more of a sandbox than
`BaseSandbox` names: plain data that a law puts into the backend behind the
plugin's back, the limits that it keeps to, and what it must be able to ask.
Derive a sandbox from the class of its type; what it does not override it
cannot do, and exactly the laws that need it are untestable.

| Plugin type | Class | What is seeded |
|---|---|---|
| configuration | `BaseSandbox` | key to `ConfigValue` |
| logs | `logs.LogsSandbox` | `LogEntry` |
| incidents | `incidents.IncidentsSandbox` | `IncidentView` |
| identity | `identity.IdentitySandbox` | nothing; people are there |
| deployment | `deployment.DeploymentSandbox` | `deployment.CommitGraph` |
| lifecycle | `lifecycle.LifecycleSandbox` | nothing; it makes projects |
| webhook | `webhook.WebhookSandbox` | nothing; `examples` are deliveries |
| analysis | `BaseSandbox` | nothing; its own project is judged |
"""
