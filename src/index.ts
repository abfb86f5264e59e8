/** The public API of fewstep. It imports nothing of Node: bring a GPUDevice of the browser, or of `fewstep/node`. */
export { type AnalyzeOptions, analyze } from './analysis/analyze.js';
export type { Analysis, Distribution, MeanValueOfStep } from './analysis/results.js';
export { type DiffuseRequest, diffuse, diffuseReference } from './diffuse.js';
export {
  BESPOKE,
  type BespokeOptions,
  type BespokeSettings,
  type BespokeStage,
  type DistilledBespoke,
  distillBespoke,
  type TrainedStage,
} from './distill/bespoke/bespoke.js';
export {
  type BespokeNetOptions,
  type DistilledBespokeNet,
  distillBespokeNet,
} from './distill/bespoke/bespoke-net.js';
export {
  type BespokeCandidate,
  type BespokeChoices,
  searchBespoke,
} from './distill/bespoke/bespoke-search.js';
export type { TrainedCandidate } from './distill/bespoke/bespoke-starts.js';
export { type FieldFigures, fieldFigures } from './distill/bespoke/field-figures.js';
export {
  chooseUniversal,
  type UniversalChoice,
  type UniversalRequest,
} from './distill/bespoke/universal-choice.js';
export type { Budget } from './distill/budget.js';
export { dataFigures } from './distill/data-figures.js';
export { type Distilled, type DistillProgress, type DistillRequest, distill } from './distill/distill.js';
export type { DistilledLearnable } from './distill/learnable/distill-learnable.js';
export type { NamedTimes } from './distill/learnable/learnable.js';
export {
  type DistilledTable,
  distillTable,
  type Student,
  type TableOptions,
  type TableRecord,
} from './distill/learnable/table.js';
export {
  type DistilledTimes,
  distillTimes,
  type TimesOptions,
  type TimesRecord,
  type TimesStudent,
} from './distill/learnable/times.js';
export type { Learned, LearnedRun, NetworkStage } from './distill/learned.js';
export type { Recipe } from './distill/network/network.js';
export type { TangentRecord, TrainedTangent } from './distill/network/tangent.js';
export { poolSeeds, runTeacher, type TeacherOptions, type TeacherPool } from './distill/pool.js';
export type {
  AnswerKind,
  Distillation,
  DistillationTeacher,
  GivenPredictor,
} from './distill/request/distillation.js';
export { type Score, scoreOf } from './distill/score.js';
export {
  checkSettings,
  type DistillSettings,
  type PublishedSettings,
  publishedSettings,
  ROBUST,
} from './distill/settings.js';
export type { FamilyRecord, FamilyState } from './distill/training/family-training.js';
export { type ErrorCode, FewstepError } from './errors.js';
export type { DivergenceMethod } from './execute/drift.js';
export { comparedFingerprint, fingerprintOf } from './execute/fingerprint.js';
export { EXECUTORS, type Executor } from './execute/fused-plan.js';
export type { Latents } from './execute/inputs.js';
export { type GpuIntegration, type IntegrateOptions, integrate } from './execute/integrate.js';
export { integrateReference } from './execute/integrate-reference.js';
export type { Integration, IntegrationRequest } from './execute/integration.js';
export { type ReferenceOptions, type ReferenceSolution, solveReference } from './execute/reference.js';
export { type Solution, type SolveOptions, solve } from './execute/solve.js';
export { type SolveMemory, type SolveMemoryRequest, solveMemory } from './execute/solve-memory.js';
export { DEFAULT_TOLERANCE, type StepChoice } from './execute/step-control.js';
export { customField } from './field/custom.js';
export { empirical } from './field/empirical.js';
export { type ExternalFieldOptions, externalField } from './field/external.js';
export type { DeviceInputs, PredictOnDevice } from './field/external-device.js';
export type { Predict } from './field/external-host.js';
export type {
  BatchBuffers,
  BoundField,
  BoundProducts,
  Denoise,
  DenoiseGradient,
  Divergence,
  DivergenceBuffers,
  Field,
  GradientBuffers,
  OutsideEvaluation,
  PreparedDivergence,
  PreparedField,
  PreparedGradient,
  PreparedProducts,
} from './field/field.js';
export { type Fingerprint, sameField } from './field/fingerprint.js';
export type { Asking, BoundFused, FusedField, FusedVariant } from './field/fused.js';
export { gaussianMixture, type MixtureInput } from './field/gaussian-mixture.js';
export type { MixtureSpec } from './field/mixture.js';
export type { UserDenoise } from './field/user-denoise.js';
export { type Choices, keepChoicesWith } from './gpu/choices.js';
export { type AdapterDescription, type FieldWork, Gpu } from './gpu/gpu.js';
export type { Kernel } from './gpu/kernel.js';
export type { KernelBinding, KernelLayout, Packable, StructValue } from './gpu/layout.js';
export type { ShaderVariant } from './gpu/link.js';
export { requestDevice } from './gpu/request-device.js';
export type { ShaderName } from './gpu/shaders.js';
export {
  DEFAULT_RANGE,
  explicit,
  type Grid,
  logsnr,
  parseGrid,
  polynomial,
  processTime,
  type SigmaRange,
  timeUniform,
} from './grid/grid.js';
export { applyScaling, type Scaling, undoScaling } from './io/scaling.js';
export {
  type FokkerPlanckLevel,
  type FokkerPlanckOptions,
  fokkerPlanckResidual,
} from './likelihood/fokker-planck.js';
export { exactLogDensity, type HeatState, heatOf } from './likelihood/heat.js';
export {
  type LogDensity,
  type LogDensityOptions,
  logDensity,
  logDensityReference,
} from './likelihood/log-density.js';
export { PRIORS, type PriorName } from './likelihood/prior.js';
export type { SlicedDistances } from './metrics/distribution-reference.js';
export {
  EMBEDDING_KINDS,
  type Embedding,
  type EmbeddingKind,
  type MlpConfig,
  type MlpOptions,
  mlpConfig,
} from './mlp/config.js';
export type { Convention } from './mlp/convention.js';
export { type MlpFieldOptions, type MlpModel, mlpField } from './mlp/field.js';
export type { LabelChoice } from './mlp/labels.js';
export { decodeModel, encodeModel, type StoredModel, type TrainingInfo } from './mlp/model-file.js';
export {
  initialParameters,
  type LayerTensors,
  type ParameterLayout,
  parameterLayout,
  type Tensor,
} from './mlp/parameters.js';
export { PRECISIONS, type Precision } from './mlp/precision.js';
export {
  type BespokePredictor,
  type BespokeSchedule,
  beganAs,
  bespokeSchedule,
} from './predictor/bespoke-predictor.js';
export { type FieldDoubt, fieldDoubtOf } from './predictor/field-doubt.js';
export type { FeatureSource, NetworkConfig } from './predictor/network-config.js';
export type { DataFigures, NetworkPredictor } from './predictor/network-predictor.js';
export type {
  LogitOffset,
  PredictedPlan,
  PredictedStep,
  PredictedUpdate,
} from './predictor/predicted-plan.js';
export {
  amedSolver,
  type PredictedRun,
  type Predictor,
  type PredictorBase,
  predictedRun,
  type Schedule,
  type StoredNetwork,
  type TablePredictor,
  type TimesPredictor,
} from './predictor/predictor.js';
export {
  type DistillationInfo,
  decodePredictor,
  encodePredictor,
  type StoredPredictor,
} from './predictor/predictor-file.js';
export {
  type ExportedSchedule,
  type ExportedSchedules,
  type ExportedStep,
  exportSchedules,
} from './predictor/schedule-export.js';
export type { TrajectoryPredictor } from './predictor/trajectory-predictor.js';
export { type ProcessKind, parseProcess, processes } from './process/built-in.js';
export {
  PREDICTIONS,
  type Prediction,
  parsePrediction,
  type Translation,
  translation,
} from './process/prediction.js';
export { defineProcess, type Process, type ProcessDefinition, type TimeRange } from './process/process.js';
export { processOf, type StoredProcess, type TabulatedProcess, tabulate } from './process/tabulated.js';
export { type SampleRequest, type SampleResult, sample } from './sample.js';
export type { StudentRequest } from './sample-plan.js';
export { type ReferenceSampleResult, sampleReference } from './sample-reference.js';
export { type GitsOptions, type GitsSearch, gitsGrid, type SearchCost, searchGits } from './search/gits.js';
export {
  assessGenerator,
  type GeneratorAssessment,
  type GeneratorAssessmentOptions,
  type GeneratorDistances,
} from './sid/assess.js';
export type { SidDistances } from './sid/comparison.js';
export type { Player } from './sid/draws.js';
export { type Generator, planOfGenerator } from './sid/generator.js';
export { decodeGenerator, encodeGenerator, type StoredGenerator } from './sid/generator-file.js';
export type { LearnerState, SidMemory } from './sid/networks.js';
export type { GeneratorRecord } from './sid/record.js';
export type { GeneratorBatch } from './sid/reference.js';
export {
  type PendingSums,
  type SidBest,
  type SidProgress,
  type SidRecord,
  SidRun,
  type SidRunOptions,
  type Yardstick,
} from './sid/run.js';
export {
  SID_LOSSES,
  SID_WEIGHTINGS,
  type SidLoss,
  type SidSettings,
  type SidWeighting,
  sidSettings,
} from './sid/settings.js';
export {
  type SidBatch,
  type SidFigures,
  type SidState,
  SidTrainer,
  type SidTrainerOptions,
} from './sid/trainer.js';
export { type AmedFormula, type AmedSolver, type Answer, amedSolvers, fixedAnswers } from './solver/amed.js';
export {
  BESPOKE_FORMULAS,
  BESPOKE_STARTS,
  type BespokeForm,
  type BespokeFormula,
  type BespokeLayout,
  type BespokeStart,
  bespokeLayout,
  bespokePlan,
  MAX_BESPOKE_NFE,
  plainNumbers,
} from './solver/bespoke.js';
export { PlanBuilder } from './solver/builder.js';
export {
  defineSolver,
  type OptionsSchema,
  type Solver,
  type SolverDefinition,
  type SolverSettings,
} from './solver/define.js';
export {
  type Combine,
  type Constant,
  type EulerAt,
  type Evaluate,
  type Noise,
  nfeOf,
  type Operation,
  type Plan,
  perTrajectory,
  type Scalar,
  type Slot,
} from './solver/plan.js';
export type { ColumnSource, LocalNumbers, PlanFamily } from './solver/plan-family.js';
export { type PlanRequest, planFor } from './solver/plan-for.js';
export { parseSolver, sdeSolvers, solverByName, solvers, stepsForNfe } from './solver/registry.js';
export { needsMean, planOfTable, type SolverTable, tableOf } from './solver/table.js';
export { decodeTable, encodeTable, type StoredTable, TABLE_SCHEMA } from './solver/table-file.js';
export { classicRungeKutta, dormandPrince, type Tableau } from './solver/tableau.js';
export { withToldTimes } from './solver/told-times.js';
export { UNIVERSAL_KINDS, type UniversalKind, universalCounts, universalPlan } from './solver/universal.js';
export type {
  ColumnRange,
  Move,
  TangentColumn,
  TangentEvaluation,
  TangentPlan,
} from './tangent/tangent-plan.js';
export type { TangentPredictor } from './tangent/tangent-predictor.js';
export type { AssessedDistances, SetRange } from './train/assess.js';
export { standardDeviation, type TrainingData } from './train/data.js';
export type { Moments } from './train/optimiser.js';
export type { DrawnBatch, OptimiserState } from './train/reference.js';
export {
  LOSS_PROCESSES,
  LOSSES,
  type LossName,
  type LossProcess,
  type TrainingSettings,
  trainingSettings,
  WEIGHTINGS,
  type WeightingName,
} from './train/settings.js';
export { type StepFigures, Trainer, type TrainerOptions, type TrainingState } from './train/trainer.js';
