"""`aws-cloudwatch-logs`: Logs Insights as an Imbi logs plugin."""
