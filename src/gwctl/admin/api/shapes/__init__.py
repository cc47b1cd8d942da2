"""The shapes of the API: parameters of requests, answers, and an example of each."""
