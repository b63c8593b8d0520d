"""Firehose's processor for page views as others write them: clicks as JSON, Wikipedia's clickstream as TSV."""
