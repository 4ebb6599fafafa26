# CSV for machines, Markdown and LaTeX for people.
rule tables:
    input:
        **METRICS,
    output:
        expand(
            "results/{{study}}/tables/{name}.{form}",
            name=TABLES,
            form=["csv", "md", "tex"],
        ),
        manifest="results/{study}/tables/manifest.json",
    log:
        "results/{study}/logs/tables.log",
    conda:
        "../../envs/report.yaml"
    params:
        out=subpath(output.manifest, parent=True),
        spec=specs.Tables(**captions()).model_dump_json(),
        inputs=named_folders("metrics", "wmdp"),
        code=stage_digest("tables"),
    shell:
        "grunflow tables --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out} --log {log}"


rule figures:
    input:
        **METRICS,
    output:
        expand(
            "results/{{study}}/figures/{name}.{form}",
            name=FIGURES,
            form=["pdf", "png"],
        ),
        manifest="results/{study}/figures/manifest.json",
    log:
        "results/{study}/logs/figures.log",
    conda:
        "../../envs/report.yaml"
    params:
        out=subpath(output.manifest, parent=True),
        spec=specs.Figures(**captions()).model_dump_json(),
        inputs=named_folders("metrics", "wmdp"),
        code=stage_digest("figures"),
    shell:
        "grunflow figures --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out} --log {log}"


# One page with tables, figures and a summary; the copy at the study's root is what people open.
rule report:
    input:
        tables="results/{study}/tables/manifest.json",
        figures="results/{study}/figures/manifest.json",
    output:
        folder=directory("results/{study}/report"),
        page="results/{study}/report.html",
    log:
        "results/{study}/logs/report.log",
    conda:
        "../../envs/report.yaml"
    params:
        tables=subpath(input.tables, parent=True),
        figures=subpath(input.figures, parent=True),
        spec=specs.Report(**captions(), title=STUDY.title).model_dump_json(),
        code=stage_digest("report"),
    shell:
        "grunflow report --spec {params.spec:q} --code {params.code} --input tables={params.tables}"
        " --input figures={params.figures} --out {output.folder} --log {log}"
        " && cp {output.folder}/report.html {output.page}"
