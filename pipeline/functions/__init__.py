"""The Lambda functions, one folder each. A function imports its own folder, `pipeline.contracts` and boto3."""
