DATA = "results/{study}/{benchmark}/data"


# A benchmark's sets, what training reads, and a tokenizer for models from scratch.
rule prepare:
    input:
        unpack(inputs_of(DATA)),
    output:
        folder=directory(DATA),
    log:
        log_of(DATA),
    cache: True
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        **call_of(DATA),
    shell:
        "grunflow prepare --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output.folder:q} --log {log:q}"
