"""`aws-iam-ic`: IAM Identity Center as an Imbi identity plugin."""
