# Per-example scores of one model on the four sets. The batch size is no part of the spec: it changes no score.
rule evaluate:
    input:
        data="results/{study}/runs/data",
        model=model_of,
        target=target_of,
    output:
        directory("results/{study}/scores/{evaluated}"),
    log:
        "results/{study}/logs/evaluate/{evaluated}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        batch_size=STUDY.evaluation_batch_size,
    params:
        spec=evaluate_spec,
        code=stage_digest("evaluate"),
    shell:
        "grunflow evaluate --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size}"
        " --input data={input.data} --input model={input.model} --input target={input.target}"
        " --out {output} --log {log}"


# Scores of all runs -> metrics, on a CPU: a changed formula never costs GPU time.
rule aggregate:
    input:
        score=[f"results/{{study}}/scores/{path}" for path in RUNS],
        run=[folder_of(run) for run in RUNS.values()],
        logs=PUBLISHED_LOGS,
    output:
        directory("results/{study}/metrics"),
    log:
        "results/{study}/logs/aggregate.log",
    conda:
        "../../envs/report.yaml"
    params:
        spec=runs.aggregate_spec(STUDY).model_dump_json(),
        code=stage_digest("aggregate"),
        scores=prefixed("score"),
        runs=prefixed("run"),
    shell:
        "grunflow aggregate --spec {params.spec:q} --code {params.code} {params.scores} {params.runs}"
        " --out {output} --log {log}"
