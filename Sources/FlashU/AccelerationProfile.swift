public import ShowO2

/// Everything that may be done to run faster at some cost: one value, readable as JSON, the same for library, command line and server.
///
/// The default of every field is "off". "Section" and "released code" refer to the FlashU paper (arXiv 2603.15271) and its code.
public struct AccelerationProfile: Sendable, Equatable, Codable {
    /// What to call it in reports.
    public var name = "off"
    /// Time grid and solver.
    public var schedule = Schedule()
    /// Task-specific FFN pruning and the hybrid FFN.
    public var ffn = FeedForward()
    /// Dynamic layer skipping.
    public var layers = Layers()
    /// Time-varying guidance.
    public var guidance = Guidance()
    /// The diffusion-head cache.
    public var headCache = HeadCache()
    /// Reuse of whole evaluations where little changes (not in the paper).
    public var velocityCache = VelocityCache()
    /// Reuse of what the later layers add where the first ones say that little changes (not in the paper).
    public var blockCache = BlockCache()
    /// Reuse of the semantic encoder's features (not in the paper).
    public var features = Features()
    /// V-norm token pruning.
    public var tokens = Tokens()
    /// The size at which images are read (not in the paper).
    public var reading = Reading()
    /// Reuse of what did not change from one frame of a video to the next (not in the paper).
    public var frameCache = FrameCache()

    /// Nothing accelerated.
    public init() {}

    /// Time grid and solver of generation.
    public struct Schedule: Sendable, Equatable, Codable {
        /// Points of the time grid as a share of the model's default (paper: 0.7, 35 of 50), 0.04 ... 1. An explicit step count wins.
        public var stepsFactor = 1.0
        /// The solver of the flow's differential equation; the official code's is `euler`.
        public var sampler = Sampler.Kind.euler

        /// Its share of a grid of `points`, at least the two ends.
        public func points(of points: Int) -> Int { max(2, Int((Double(points) * stepsFactor).rounded())) }
    }

    /// FFN pruning (mechanism 1) and hybrid FFN (mechanism 2).
    public struct FeedForward: Sendable, Equatable, Codable {
        /// Share of neurons pruned in generation, by Wanda score (r_p; paper 0.2), 0 ... 0.9.
        public var generationRatio = 0.0
        /// Share of neurons pruned in understanding, 0 ... 0.9.
        public var understandingRatio = 0.0
        /// Where generation's full FFN runs: `end` (released code), `start` (paper) or `never`.
        public var full = Phase.never
        /// Share of the evaluations with the full FFN (tau / T; paper 0.3), 0 ... 1. In them no layer is skipped and the head always runs.
        public var fullFraction = 0.3

        /// A part of the trajectory.
        public enum Phase: String, Sendable, Codable, CaseIterable {
            /// The last evaluations.
            case end
            /// The first evaluations.
            case start
            /// No evaluation.
            case never
        }
    }

    /// Layer skipping (mechanism 3).
    public struct Layers: Sendable, Equatable, Codable {
        /// Share of LLM layers skipped in generation (r_LS; paper 0.2), 0 ... 0.9; rounded down to whole layers.
        public var generationRatio = 0.0
        /// Every so many evaluations all layers run and the set is chosen anew (T_LS; paper 10), 1 ... 1000.
        public var refreshInterval = 10
        /// Share of LLM layers skipped in understanding, 0 ... 0.9.
        public var understandingRatio = 0.0
        /// How understanding's set is found: `prefill` measures it on each image's own prefill and saves in decoding alone;
        /// `calibration` takes it from the calibration and saves in the prefill too.
        public var understandingChoice = Choice.prefill

        /// Where a set of layers comes from.
        public enum Choice: String, Sendable, Codable, CaseIterable {
            /// From this request's prefill: 1 - cosine of the last token.
            case prefill
            /// From the calibration's mean of the same measure.
            case calibration
        }
    }

    /// Guidance schedule (mechanism 4) and savings on the unconditional branch (not in the paper).
    public struct Guidance: Sendable, Equatable, Codable {
        /// Factor on the guidance scale in the first part of the trajectory (paper 0.75), 0 ... 2.
        public var earlyFactor = 1.0
        /// Length of that part as a share of the evaluations (paper 24 / 34), 0 ... 1.
        public var earlyFraction = 0.0
        /// Share of the last evaluations that run the conditional branch alone, unguided, 0 ... 1.
        public var conditionalTail = 0.0
        /// Both branches run every so many evaluations, in between the last difference of the branches is reused; 1 = always both, 1 ... 1000.
        public var differenceInterval = 1
        /// Where guidance begins, t from 0 = noise to 1 = image; before it only the conditional branch runs. 0 ... 1.
        public var start = 0.0
        /// Where guidance ends, `start` ... 1; after it only the conditional branch runs.
        public var end = 1.0
        /// How much of the guided velocity's spread is brought back to the conditional one's (phi; Lin et al. use 0.7), 0 ... 1.
        public var rescale = 0.0
    }

    /// Diffusion-head cache (mechanism 5).
    public struct HeadCache: Sendable, Equatable, Codable {
        /// The head runs every so many evaluations (T_cache; paper 5), in between its last hidden states are reused and nothing before
        /// them runs; 1 = off, 1 ... 1000.
        public var interval = 1
        /// 0 = reuse (paper); 1 and 2 = Taylor forecast of that order, 0 ... 2.
        public var order = 0
        /// Evaluations at the start that always run the head (released code: the first T_cache - 1), 0 ... 1000.
        public var warmup = 0
        /// A forecast is checked on the head's last layer, and the evaluation computed where it is further off (relative L2, SpeCa), 0 ... 10. The
        /// interval is then counted from the last computed evaluation. 0 = forecasts are not checked.
        public var tolerance = 0.0
    }

    /// Evaluations whose velocity is that of an earlier one, decided at run time. Not together with Heun's solver or another cache.
    public struct VelocityCache: Sendable, Equatable, Codable {
        /// Who decides.
        public var policy = Policy.off
        /// The expected relative change at which an evaluation is computed again, 0 ... 10; 0 = all are.
        public var threshold = 0.1
        /// Evaluations in a row that may reuse, 1 ... 1000.
        public var longest = 5
        /// Share of the evaluations, at the start, that are computed, 0 ... 1.
        public var warmup = 0.1
        /// 0 = reuse; 1 and 2 = forecast from the last computed velocities, 0 ... 2.
        public var order = 0
        /// How the reused velocity follows the state: v = v_i + drift (x - x_i), -1 ... 1. EasyCache's own is -1 in this direction of time.
        public var drift = 0.0

        /// A rule.
        public enum Policy: String, Sendable, Codable, CaseIterable {
            /// Every evaluation is computed.
            case off
            /// By how much the state and the velocity changed: ``FlashU/EasyCache``.
            case easyCache
            /// By the magnitudes that calibration recorded: ``FlashU/MagCache``.
            case magCache
        }
    }

    /// Dynamic layer skipping that looks (DBCache). Not together with another cache.
    public struct BlockCache: Sendable, Equatable, Codable {
        /// LLM layers that always run, 0 ... all; 0 = off.
        public var layers = 0
        /// The change of what they add (relative L1) below which the other layers and the head's are not run, 0 ... 10; 0 = all always run.
        public var threshold = 0.1
    }

    /// Semantic features between steps.
    public struct Features: Sendable, Equatable, Codable {
        /// The semantic encoder runs every so many evaluations; 1 = off, 1 ... 1000.
        public var interval = 1
        /// 0 = reuse; 1 and 2 = Taylor forecast of that order, 0 ... 2.
        public var order = 0
    }

    /// Cells of a video's frames that look as they did. They don't pass the semantic encoder, where the others see their old keys and values, and of a frame
    /// only the part that changed passes the VAE.
    public struct FrameCache: Sendable, Equatable, Codable {
        /// The change of a cell's pixels since they were last read (root mean square, of 0 ... 1) below which it is not read again, 0 ... 1; 0 = all are.
        public var threshold = 0.0
        /// What stands for a cell that is not read again: its embedding in the frame before (frames that are the same then cost nothing but their place in
        /// the LLM, and change nothing), or nothing.
        public var unchanged = VideoPiece.Changes.Others.reuse
        /// Tokens around the part that changed with which it passes the VAE, 0 ... 1000. Its convolutions see about 7 tokens to each side.
        public var margin = 1

        /// Every cell of every frame is read.
        public init() {}
    }

    /// The size at which images and videos are read that are asked about: what fewer points are for drawing, the plain way to be faster.
    public struct Reading: Sendable, Equatable, Codable {
        /// The share of the model's own rows and columns of tokens that an image is read at, 0.1 ... 1: at 0.7 an image of 27 x 27 tokens has 19 x 19, a video's
        /// frame fewer on their way to the cells that it has at most. See `ShowO2/ReadingSize`.
        public var scale = 1.0

        /// The model's own size.
        public init() {}
    }

    /// Visual token pruning (mechanism 6), and its rivals.
    public struct Tokens: Sendable, Equatable, Codable {
        /// Share of the visual tokens that are dropped (rho), 0 ... 0.95. Tokens that see nothing but the bars around a letterboxed picture go first, all
        /// of them.
        public var dropRatio = 0.0
        /// Where they are dropped.
        public var place = Place.llm
        /// In the LLM: the layer whose values, keys or hidden states decide; the dropped tokens vanish from all later ones (paper 2), 0 ... layers - 2.
        public var layer = 2
        /// In the encoder: how many of its last layers the dropped tokens are spared, 0 ... encoder layers - 1; the layer before those decides.
        public var encoderTail = 0
        /// Which tokens stay; the paper drops the highest norms.
        public var selection = TokenSelection.keepLowNorm
        /// What becomes of the dropped ones.
        public var dropped = Fate.vanish
        /// Where several images are asked about: whether each of them loses its share, or all of them together.
        public var scope = Scope.image
        /// Seed of the `random` selection.
        public var seed: UInt64 = 0

        /// Where tokens are dropped.
        public enum Place: String, Sendable, Codable, CaseIterable {
            /// After a layer of the LLM.
            case llm
            /// Before the LLM, in the semantic encoder: the fusion and the whole LLM run for the kept tokens alone.
            case encoder
        }

        /// What becomes of dropped tokens.
        public enum Fate: String, Sendable, Codable, CaseIterable {
            /// Nothing.
            case vanish
            /// Each becomes one with the kept token that is most similar (mean of all that went into it).
            case merge
        }

        /// Among what tokens are chosen.
        public enum Scope: String, Sendable, Codable, CaseIterable {
            /// Each image's own.
            case image
            /// Those of all images that are read together.
            case span
        }
    }
}
