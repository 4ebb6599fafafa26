SCORES = "results/{study}/{benchmark}/scores/{scored}"
METRICS = "results/{study}/{benchmark}/metrics"


# Per-example scores of one run under one condition. The batch size is no part of the spec: it changes no score.
rule evaluate:
    input:
        unpack(inputs_of(SCORES)),
    output:
        folder=directory(SCORES),
    log:
        log_of(SCORES),
    wildcard_constraints:
        scored=places("evaluate"),
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(SCORES, "batch_size"),
    params:
        **call_of(SCORES),
    shell:
        "grunflow evaluate --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size}"
        " {params.inputs} --out {output.folder:q} --log {log:q}"


# Scores of a benchmark's runs -> metrics, on a CPU: a changed formula never costs GPU time.
rule aggregate:
    input:
        unpack(inputs_of(METRICS)),
    output:
        folder=directory(METRICS),
    log:
        log_of(METRICS),
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **call_of(METRICS),
    shell:
        "grunflow aggregate --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output.folder:q} --log {log:q}"
