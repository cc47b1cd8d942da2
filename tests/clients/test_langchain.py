"""LangChain's OpenAI package against the running gateway."""

import uuid

import openai
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from support.gateway import Gateway


def chat_model(gateway: Gateway, model: str = "sample-gpt") -> ChatOpenAI:
    # A function for the key, as `gwctl connect langchain` says: LangChain asks it before each request.
    return ChatOpenAI(base_url=gateway.openai_url, api_key=gateway.token, model=model, stream_usage=True, max_retries=0)


def test_a_streamed_chat_has_text_and_usage(running_gateway: Gateway):
    prompt = f"Say {uuid.uuid4()}."
    chunks = list(chat_model(running_gateway).stream(prompt))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk

    assert len(chunks) > 5
    assert prompt in whole.text
    assert whole.usage_metadata
    assert whole.usage_metadata["output_tokens"] > 0


def test_embeddings(running_gateway: Gateway):
    embeddings = OpenAIEmbeddings(
        base_url=running_gateway.openai_url,
        api_key=SecretStr(running_gateway.token()),
        model="sample-embedding",
        check_embedding_ctx_length=False,  # otherwise tiktoken downloads its tables
    )

    assert [len(vector) > 0 for vector in embeddings.embed_documents(["one", "two"])] == [True, True]


def test_a_model_that_does_not_exist_is_a_not_found_error(running_gateway: Gateway):
    with pytest.raises(openai.NotFoundError, match='model "no-such" does not exist'):
        chat_model(running_gateway, "no-such").invoke("Hi")
