"""What a model hub's errors mean, in words."""


def hub_reason(error: BaseException) -> str:
    """The reason behind a hub error, and what to do about it."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and seen not in chain:
        chain.append(seen)
        seen = seen.__cause__ or seen.__context__
    kinds = {type(item).__name__ for item in chain}
    if "GatedRepoError" in kinds:
        return "access is restricted: ask for it on the repository's page, then set HF_TOKEN."
    if "RevisionNotFoundError" in kinds:
        return "no such revision; correct `revision` in the config."
    if kinds & {"RepositoryNotFoundError"}:
        return "no such repository (or it is private); correct its name, or set HF_TOKEN."
    if kinds & {"EntryNotFoundError", "RemoteEntryNotFoundError"}:
        return "the repository lacks a file that is needed; check name and revision."
    if kinds & {"OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectionError", "ConnectError", "ReadTimeout"}:
        return "the hub cannot be reached and the cache has no copy; check the network, HF_ENDPOINT and HF_HUB_OFFLINE."
    return " ".join(str(error).split())[:300]
