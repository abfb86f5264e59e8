"""Sampling in PyTorch: the fields, plans and batches that `npm run bench:sampling -- --export DIR` wrote.

    python3 bench/pytorch/sampling.py DIR [--out FILE] [--only WORD] [--solvers euler,heun] [--budget SECONDS]

Euler and Heun at NFE 10 in float32, TF32, bfloat16 and float16:
    eager    one kernel after another
    graph    the same replayed from a CUDA graph
    step     one step by torch.compile, all of them replayed from a CUDA graph
    compile  the whole trajectory by torch.compile, replayed from a CUDA graph
The last is what mode 'reduce-overhead' does, without its copies of the inputs. In bfloat16 and float16 states and
parameters are such, and coefficients float32.

Every variant first solves the exported latents and is compared with fewstep's end points: float32 must agree within
1e-3 of their norm, else its row fails; the error of lower precisions is reported. Then latents are drawn on the device
inside the timed region, as fewstep draws them; nothing is read back. What does not depend on the state is made once
for each noise level, but for the products of a network's time embedding, which are part of its evaluation.

PyTorch 1.13 or later, no other package; torch.compile from 2.1 on.
"""

import argparse
import gc
import json
import math
import os
import platform
import statistics
import struct
import sys
import time
from pathlib import Path

import torch

TOLERANCE = 1e-3
REPEATS = 7
REPEAT_MS = 25.0
WARM_SECONDS = 0.3
DTYPES = {"float32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
# Most telling first: a budget that runs out leaves the rest.
ORDER = ["narrow", "mixture", "wide", "data"]
# How it is run, and in which precision. The CPU has the first alone.
VARIANTS = [
    ("eager", "float32"),
    ("graph", "float32"),
    ("compile", "float32"),
    ("step", "bf16"),
    ("step", "float32"),
    ("eager", "tf32"),
    ("step", "tf32"),
    ("compile", "bf16"),
    ("step", "f16"),
]
# Which variants have their turn when: of the first solver at the largest batches, and of all else. Compiling takes
# several seconds each, of the whole trajectory some ten.
PHASES = [
    (VARIANTS[:4], []),
    ([], VARIANTS[:2]),
    (VARIANTS[4:], []),
    ([], [("step", "float32"), ("step", "bf16")]),
]


def load_safetensors(path):
    """The tensors of a safetensors file, by name. Neither the package nor NumPy need be there."""
    content = bytearray(path.read_bytes())
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    dtypes = {"F32": (torch.float32, 4), "F64": (torch.float64, 8)}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        dtype, size = dtypes[entry["dtype"]]
        flat = torch.frombuffer(content, dtype=dtype, count=(last - first) // size, offset=8 + length + first)
        tensors[name] = flat.clone().reshape(entry["shape"])
    return tensors


class Mixture:
    """The posterior mean of a Gaussian mixture, with both sweeps over its components as products of matrices.

    r = softmax(|x|^2 c + x mu^T / v + b), D = x (r s^2 / v) + r (sigma^2 mu / v), v = s^2 + sigma^2. Of components of
    one width |x|^2 cancels, and s^2 / v comes out of the sum. Levels are made in float64.
    """

    def __init__(self, subject, tensors, device, dtype):
        self.means, self.stds = tensors["means"].double(), tensors["stds"].double()
        weights = tensors["weights"].double()
        self.logs = torch.log(weights / weights.sum())
        self.one = self.stds.numel() == 1
        self.points = self.one and float(self.stds[0]) == 0
        self.device, self.dtype = device, dtype

    def level(self, sigma):
        """What an evaluation at sigma needs."""
        means, noise = self.means, sigma**2
        variances = (self.stds**2).expand(len(self.logs))
        v = variances + noise
        b = self.logs - means.shape[1] / 2 * torch.log(v) - (means**2).sum(1) / (2 * v)
        # Logits reach 1e5, which half precision cannot tell apart: weights are made in float32.
        wide = [(-0.5 / v)[None, :], (means / v[:, None]).T, b[None, :]]
        narrow = [(variances / v)[:, None], noise * means / v[:, None]]
        return (
            *(tensor.to(self.device, torch.float32).contiguous() for tensor in wide),
            *(tensor.to(self.device, self.dtype).contiguous() for tensor in narrow),
            float(variances[0] / v[0]),
        )

    def denoised(self, x, level):
        c, products, b, kept, pull, share = level
        wide = x.float()
        logits = torch.addmm(b, wide, products)
        if self.one:
            pulled = torch.softmax(logits, 1).to(x.dtype) @ pull
            return pulled if self.points else pulled + x * share
        weights = torch.softmax(logits + (wide * wide).sum(1, keepdim=True) * c, 1).to(x.dtype)
        return x * (weights @ kept) + weights @ pull


class Network:
    """A SiLU network in EDM's preconditioning (arXiv 2206.00364, table 1), as src/mlp/reference.ts has it."""

    def __init__(self, subject, tensors, device, dtype):
        self.sigma_data = subject["sigmaData"]
        names = [f"layers.{i}" for i in range(subject["layers"])] + ["output"]
        self.layers = [
            tuple(tensors[f"{name}.{part}"].to(device, dtype).contiguous() for part in ("weight", "time", "bias"))
            for name in names
        ]
        self.speeds = 2 * math.pi * tensors["frequencies"].double()
        self.device, self.dtype = device, dtype

    def level(self, sigma):
        """What an evaluation at sigma needs: the time embedding, c_in, c_skip and c_out."""
        angles = self.speeds * (math.log(sigma) / 4)
        embedding = torch.cat([torch.cos(angles), torch.sin(angles)])[None, :].to(self.device, self.dtype)
        spread = sigma**2 + self.sigma_data**2
        root = math.sqrt(spread)
        return embedding, 1 / root, self.sigma_data**2 / spread, sigma * self.sigma_data / root

    def denoised(self, x, level):
        embedding, c_in, c_skip, c_out = level
        hidden = x * c_in
        for i, (weight, time_weight, bias) in enumerate(self.layers):
            hidden = torch.addmm(torch.addmm(bias, embedding, time_weight), hidden, weight)
            if i + 1 < len(self.layers):
                hidden = torch.nn.functional.silu(hidden)
        return x * c_skip + hidden * c_out


def step_of(solver, field):
    """One step of a solver from t to `following`, of which it gets the levels and numbers made of the two."""

    def euler(x, here, there, numbers):
        (ratio,) = numbers
        return x + (x - field.denoised(x, here)) * ratio

    def heun(x, here, there, numbers):
        inverse, h, inverse_there, half = numbers
        d = (x - field.denoised(x, here)) * inverse
        predicted = x + d * h
        return x + (d + (predicted - field.denoised(predicted, there)) * inverse_there) * half

    return {"euler": euler, "heun": heun}[solver]


def arguments_of(solver, field, times, device, as_tensors):
    """What each step gets besides the state; numbers as tensors, so that code compiled for one step fits all."""

    def given(values):
        if not as_tensors:
            return values
        return tuple(torch.tensor(v, device=device) if isinstance(v, float) else v for v in values)

    levels = [given(field.level(t)) for t in times]
    steps = []
    for i, (t, following) in enumerate(zip(times, times[1:])):
        h = following - t
        numbers = (h / t,) if solver == "euler" else (1 / t, h, 1 / following, h / 2)
        there = levels[i + 1] if solver == "heun" else None
        steps.append((levels[i], there, given(numbers)))
    return steps


def loop_of(step, arguments):
    """The whole trajectory from latents at the first time."""

    def loop(x):
        for given in arguments:
            x = step(x, *given)
        return x

    return loop


class Timer:
    """Milliseconds of `count` calls, by CUDA events, or by the wall clock where there is no GPU."""

    def __init__(self, device):
        self.cuda = device.type == "cuda"

    def ms(self, call, count):
        if not self.cuda:
            begin = time.perf_counter()
            for _ in range(count):
                call()
            return 1000 * (time.perf_counter() - begin)
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        first.record()
        for _ in range(count):
            call()
        last.record()
        torch.cuda.synchronize()
        return first.elapsed_time(last)

    def spread(self, call):
        """Least, median and greatest milliseconds of one call, and how many calls a repeat made."""
        call()
        # An idle GPU takes some tenths of a second of work to come to its clock rate.
        warm = time.perf_counter() + WARM_SECONDS
        while self.cuda and time.perf_counter() < warm:
            self.ms(call, 1)
        count = 1
        while True:
            took = self.ms(call, count)
            wanted = max(1, math.ceil(count * REPEAT_MS / max(took, 1e-3)))
            if wanted <= 2 * count or count >= 4096:
                break
            count = min(wanted, 8 * count, 4096)
        count = min(wanted, 4096)
        times = [self.ms(call, count) / count for _ in range(REPEATS)]
        return [min(times), statistics.median(times), max(times)], count


def graphed(sample):
    """A call that replays `sample` from a CUDA graph; the numbers of torch.randn go on between replays."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            sample()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        # What is written there must live as long as the graph.
        graph.kept = sample()
    return graph.replay


def relative(theirs, ours):
    return float((theirs.double() - ours.double()).norm() / ours.double().norm())


def measure(subject, tensors, solver, times, batch, how, precision, device):
    """One variant on one batch: its error on the exported latents, then its times."""
    cuda = device.type == "cuda"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    dtype = DTYPES[precision]
    field = {"mixture": Mixture, "network": Network}[subject["kind"]](subject, tensors, device, dtype)
    step = step_of(solver, field)
    arguments = arguments_of(solver, field, times, device, as_tensors=how == "step")
    if how in ("step", "compile"):
        torch.compiler.reset()
        loop = (
            loop_of(torch.compile(step, dynamic=False, fullgraph=True), arguments)
            if how == "step"
            else torch.compile(loop_of(step, arguments), dynamic=False, fullgraph=True)
        )
    else:
        loop = loop_of(step, arguments)
    scale = times[0]

    def sample():
        return loop(torch.randn(batch, subject["dim"], device=device, dtype=dtype) * scale)

    # In a batch as it is timed, for which code is compiled, the exported latents are the first rows.
    rows = min(batch, len(tensors["latents"]))
    latents = torch.randn(batch, subject["dim"], device=device, dtype=dtype) * scale
    latents[:rows] = tensors["latents"][:rows].to(device, dtype)
    begin = time.perf_counter()
    ended = loop(latents)[:rows].cpu()
    row = {"difference": relative(ended, tensors[solver][:rows])}
    if how in ("step", "compile"):
        row["compileSeconds"] = time.perf_counter() - begin
    if not math.isfinite(row["difference"]) or (precision == "float32" and row["difference"] > TOLERANCE):
        raise ArithmeticError(f"its end points are {row['difference']:.1e} away from fewstep's")
    del latents

    call = graphed(sample) if cuda and how != "eager" else sample
    row["ms"], row["count"] = Timer(device).spread(call)
    row["repeats"] = REPEATS
    row["trajectoriesPerSecond"] = 1000 * batch / row["ms"][1]
    return row


def describe(device):
    about = {"torch": torch.__version__, "python": platform.python_version(), "threads": torch.get_num_threads()}
    if device.type == "cuda":
        about.update(device=torch.cuda.get_device_name(device), cuda=torch.version.cuda)
    else:
        about.update(device="CPU")
    return about


def table(header, rows):
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [header, *rows])


def print_rows(rows, failures):
    header = ["field", "solver", "batch", "", "per second", "ms", "least", "most", "difference", "compiled in"]
    lines = []
    for row in rows:
        least, middle, most = (f"{ms:.3g}" for ms in row["ms"])
        compile_time = f"{row['compileSeconds']:.1f} s" if "compileSeconds" in row else ""
        name = f"{row['by']} {row['precision']}"
        rate = f"{row['trajectoriesPerSecond']:,.0f}"
        lines.append(
            [row["name"], row["solver"], f"{row['batch']:,}", name, rate, middle, least, most]
            + [f"{row['difference']:.1e}", compile_time]
        )
    print(table(header, lines))
    for failure in failures:
        print("failed: {by} {precision}, {name}, {solver}, batch {batch:,}: {message}".format(**failure))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what `npm run bench:sampling -- --export` wrote")
    parser.add_argument("--out", type=Path, help="where all figures go as JSON")
    parser.add_argument("--only", default="", help="subjects whose name has this")
    parser.add_argument("--solvers", default="euler,heun", help="of the exported plans")
    parser.add_argument("--variants", default="", help="as in 'eager float32,compile bf16' (default: most)")
    parser.add_argument("--budget", type=float, default=85, help="seconds after which nothing new begins")
    parser.add_argument("--batch", type=int, help="in place of the exported ones")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    asked = parser.parse_args()
    listing_file = asked.folder / "subjects.json"
    if not listing_file.exists():
        print(f"error: there is no {listing_file}", file=sys.stderr)
        print(f"  write it with npm run bench:sampling -- --export {asked.folder}", file=sys.stderr)
        sys.exit(2)
    begin = time.perf_counter()
    listing = json.loads(listing_file.read_text())
    device = torch.device(asked.device)
    cuda = device.type == "cuda"
    if not cuda:
        torch.set_num_threads(2)
    asked_for = [tuple(name.split()) for name in asked.variants.split(",") if name]
    unknown = [" ".join(variant) for variant in asked_for if variant not in VARIANTS]
    if unknown:
        print(f"error: unknown variant '{unknown[0]}'", file=sys.stderr)
        print(f"  there are: {', '.join(map(' '.join, VARIANTS))}", file=sys.stderr)
        sys.exit(2)

    subjects = [subject for subject in listing["subjects"] if asked.only in subject["name"]]
    subjects.sort(key=lambda subject: ORDER.index(subject["id"]) if subject["id"] in ORDER else len(ORDER))
    tensors = {subject["id"]: load_safetensors(asked.folder / subject["file"]) for subject in subjects}
    solvers = [solver for solver in asked.solvers.split(",") if solver in listing["times"]]
    phases = PHASES if cuda else [(VARIANTS[:1], VARIANTS[:1])]
    if asked_for:
        phases = [(asked_for, asked_for)]
    work = []
    for first, others in phases:
        for i, solver in enumerate(solvers):
            # The largest batch first; a subject with one batch has its turn then.
            for rank in (0, 1):
                for how, precision in first if i == rank == 0 else others:
                    for subject in subjects:
                        batches = [asked.batch] if asked.batch else sorted(subject["batches"], reverse=True)
                        compiles = how in ("step", "compile")
                        # A data set is two large products and what softmax does between them.
                        if compiles and not asked_for and subject["id"] == "data":
                            continue
                        if rank < len(batches) and (not compiles or hasattr(torch, "compiler")):
                            work.append((subject, solver, batches[rank], how, precision))
    rows, failures, left_out = [], [], []
    torch.manual_seed(0)
    for subject, solver, batch, how, precision in work:
        what = {"id": subject["id"], "name": subject["name"], "solver": solver, "nfe": 10, "batch": batch}
        what.update(by=how, precision=precision)
        if time.perf_counter() - begin > asked.budget:
            left_out.append(what)
            continue
        print("{name}: {solver}, batch {batch}, {by} {precision}".format(**what), file=sys.stderr)
        try:
            with torch.no_grad():
                given = tensors[subject["id"]]
                row = measure(subject, given, solver, listing["times"][solver], batch, how, precision, device)
            rows.append({**what, **row})
        except Exception as error:  # whatever it is, the others are still worth measuring
            failures.append({**what, "message": f"{type(error).__name__}: {error}".split("\n")[0][:300]})
        if cuda:
            gc.collect()
            torch.cuda.empty_cache()

    position = {subject["id"]: i for i, subject in enumerate(subjects)}
    rows.sort(key=lambda row: (position[row["id"]], row["batch"], row["solver"]))
    print_rows(rows, failures)
    if left_out:
        print(f"{len(left_out)} left out after {asked.budget:g} s, the first: {{by}} {{precision}} of {{id}}".format(**left_out[0]))
    about = describe(device)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    if asked.out:
        results = {
            "schema": "fewstep-bench-pytorch-1",
            "run": {**about, "seconds": time.perf_counter() - begin, "command": " ".join(sys.argv)},
            "rows": rows,
            "failures": failures,
            "leftOut": left_out,
        }
        partial = asked.out.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(results, indent=2) + "\n")
        partial.replace(asked.out)
        print(f"figures in {asked.out}")


if __name__ == "__main__":
    main()
