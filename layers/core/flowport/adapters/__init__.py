"""The outside world behind the ports: DynamoDB, Step Functions, Lambda, API Gateway. boto3's only home."""
