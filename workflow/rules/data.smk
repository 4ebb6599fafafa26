# Records, splits and tokenizer.
rule prepare_data:
    input:
        unpack(inputs_of("results/{study}/runs/data")),
    output:
        directory("results/{study}/runs/data"),
    log:
        "results/{study}/logs/prepare_data.log",
    cache: True
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/runs/data"),
        code=stage_digest("prepare_data"),
    shell:
        "grunflow prepare_data --spec {params.spec:q} --code {params.code} {params.inputs} --out {output} --log {log}"
