import Foundation

/// What the server can be asked for, as `GET /openapi.json` tells it: OpenAPI 3.1. A test holds it against the routes.
package enum OpenAPIDocument {
    /// JSON.
    package static let text = #"""
        {
          "openapi": "3.1.0",
          "info": {"title": "FlashU", "version": "1", "description": "Drawing and asking by OpenAI's API."},
          "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "responses": {
              "Error": {
                "description": "What was wrong.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
              }
            },
            "schemas": {
              "Error": {
                "type": "object",
                "required": ["error"],
                "properties": {
                  "error": {
                    "type": "object",
                    "required": ["message", "type", "param", "code"],
                    "properties": {
                      "message": {"type": "string"},
                      "type": {"type": "string"},
                      "param": {"type": ["string", "null"]},
                      "code": {"type": ["string", "null"]}
                    }
                  }
                }
              },
              "Message": {
                "type": "object",
                "required": ["role", "content"],
                "properties": {
                  "role": {"type": "string", "enum": ["system", "developer", "user", "assistant"]},
                  "content": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}]}
                }
              },
              "Part": {
                "oneOf": [
                  {
                    "type": "object",
                    "required": ["type", "text"],
                    "properties": {"type": {"type": "string", "enum": ["text"]}, "text": {"type": "string"}}
                  },
                  {
                    "type": "object",
                    "required": ["type", "image_url"],
                    "properties": {
                      "type": {"type": "string", "enum": ["image_url"]},
                      "image_url": {
                        "type": "object",
                        "required": ["url"],
                        "properties": {"url": {"type": "string", "description": "data:TYPE;base64,..."}, "detail": {"type": "string"}}
                      }
                    }
                  },
                  {
                    "type": "object",
                    "required": ["type", "video_url"],
                    "properties": {
                      "type": {"type": "string", "enum": ["video_url"]},
                      "video_url": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}}
                    }
                  }
                ]
              },
              "ImagesRequest": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                  "prompt": {"type": "string", "minLength": 1},
                  "model": {"type": "string"},
                  "n": {"type": "integer", "minimum": 1, "maximum": 10},
                  "quality": {
                    "type": "string",
                    "enum": ["auto", "low", "medium", "high", "standard", "hd"],
                    "description": "Echoed; it changes nothing."
                  },
                  "response_format": {"type": "string", "enum": ["b64_json", "url"]},
                  "output_format": {"type": "string", "enum": ["png", "jpeg", "webp"]},
                  "output_compression": {"type": "integer", "minimum": 0, "maximum": 100},
                  "background": {"type": "string", "enum": ["auto", "opaque"]},
                  "moderation": {"type": "string"},
                  "style": {"type": "string"},
                  "user": {"type": "string"},
                  "stream": {"type": "boolean"},
                  "partial_images": {"type": "integer", "minimum": 0, "maximum": 3},
                  "previews": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 100,
                    "description": "Takes the place of partial_images where three are too few."
                  },
                  "trace": {
                    "type": "boolean",
                    "description": "Tells what every evaluation computed; in a stream as events image_generation.evaluation, too."
                  },
                  "negative_prompt": {"type": "string", "description": "What to guide away from."},
                  "num_inference_steps": {"type": "integer", "minimum": 2, "maximum": 1000, "description": "Points of the time grid."},
                  "guidance_scale": {"type": "number", "minimum": 0, "maximum": 1000},
                  "accelerate": {"type": "string", "description": "A preset, one of the model's own profiles, or FIELD=VALUE; FIELD=VALUE."},
                  "seed": {
                    "type": "integer",
                    "minimum": -9223372036854775808,
                    "maximum": 9223372036854775807,
                    "description": "Of the noise or the random choices; a negative one counts as none."
                  },
                  "size": {
                    "type": "string",
                    "description": "WIDTHxHEIGHT or auto; a size that can't be drawn is mapped to the nearest that can."
                  }
                }
              },
              "ChatRequest": {
                "type": "object",
                "required": ["messages"],
                "properties": {
                  "messages": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/Message"}},
                  "model": {"type": "string"},
                  "max_tokens": {"type": "integer", "minimum": 1},
                  "max_completion_tokens": {"type": "integer", "minimum": 1},
                  "temperature": {"type": "number", "minimum": 0, "maximum": 2},
                  "top_p": {"type": "number", "minimum": 0, "maximum": 1},
                  "top_k": {"type": "integer", "minimum": -1, "maximum": 1000000},
                  "stop": {
                    "oneOf": [
                      {"type": "string", "minLength": 1, "maxLength": 200},
                      {"type": "array", "maxItems": 16, "items": {"type": "string", "minLength": 1, "maxLength": 200}}
                    ]
                  },
                  "n": {"type": "integer", "minimum": 1, "maximum": 1},
                  "stream": {"type": "boolean"},
                  "stream_options": {"type": "object", "properties": {"include_usage": {"type": "boolean"}}},
                  "modalities": {"type": "array", "items": {"type": "string", "enum": ["text", "image"]}},
                  "trace": {"type": "boolean", "description": "Tells which tokens of the pictures stayed, and what the answer took."},
                  "negative_prompt": {"type": "string", "description": "What to guide away from."},
                  "num_inference_steps": {"type": "integer", "minimum": 2, "maximum": 1000, "description": "Points of the time grid."},
                  "guidance_scale": {"type": "number", "minimum": 0, "maximum": 1000},
                  "accelerate": {"type": "string", "description": "A preset, one of the model's own profiles, or FIELD=VALUE; FIELD=VALUE."},
                  "seed": {
                    "type": "integer",
                    "minimum": -9223372036854775808,
                    "maximum": 9223372036854775807,
                    "description": "Of the noise or the random choices; a negative one counts as none."
                  },
                  "size": {
                    "type": "string",
                    "description": "WIDTHxHEIGHT or auto; a size that can't be drawn is mapped to the nearest that can."
                  }
                }
              },
              "ImagesAnswer": {
                "type": "object",
                "required": ["created", "data", "usage", "size"],
                "properties": {
                  "created": {"type": "integer"},
                  "size": {"type": "string"},
                  "quality": {"type": "string"},
                  "background": {"type": "string"},
                  "output_format": {"type": "string"},
                  "data": {
                    "type": "array",
                    "items": {
                      "type": "object",
                      "required": ["seed"],
                      "properties": {"b64_json": {"type": "string"}, "url": {"type": "string"}, "seed": {"type": "integer"}, "trace": {"$ref": "#/components/schemas/DrawingTrace"}}
                    }
                  },
                  "usage": {
                    "type": "object",
                    "required": ["input_tokens", "output_tokens", "total_tokens"],
                    "properties": {
                      "input_tokens": {"type": "integer", "minimum": 0},
                      "output_tokens": {"type": "integer", "minimum": 0},
                      "total_tokens": {"type": "integer", "minimum": 0}
                    }
                  }
                }
              },
              "ChatAnswer": {
                "type": "object",
                "required": ["id", "object", "created", "model", "choices", "usage"],
                "properties": {
                  "id": {"type": "string"},
                  "object": {"type": "string"},
                  "created": {"type": "integer"},
                  "model": {"type": "string"},
                  "trace": {"$ref": "#/components/schemas/AnswerTrace"},
                  "choices": {
                    "type": "array",
                    "items": {
                      "type": "object",
                      "required": ["index", "message", "finish_reason"],
                      "properties": {
                        "index": {"type": "integer"},
                        "message": {"type": "object", "required": ["role", "content"]},
                        "finish_reason": {"type": "string", "enum": ["stop", "length"]}
                      }
                    }
                  },
                  "usage": {
                    "type": "object",
                    "required": ["prompt_tokens", "completion_tokens", "total_tokens"],
                    "properties": {
                      "prompt_tokens": {"type": "integer", "minimum": 0},
                      "completion_tokens": {"type": "integer", "minimum": 0},
                      "total_tokens": {"type": "integer", "minimum": 0}
                    }
                  }
                }
              },
              "DrawingTrace": {
                "type": "object",
                "required": ["profile", "layers", "neurons", "evaluations", "timings"],
                "properties": {
                  "profile": {"type": "string", "description": "What differs from the exact engine."},
                  "layers": {"type": "integer", "description": "Layers of the language model."},
                  "neurons": {"type": "integer", "description": "Neurons of one layer's FFN."},
                  "timings": {"type": "object", "description": "Seconds of computing: prefill, denoising, decoding."},
                  "evaluations": {
                    "type": "array",
                    "items": {
                      "type": "object",
                      "required": ["evaluation", "time", "layers", "head", "features", "velocity", "branches", "milliseconds"],
                      "properties": {
                        "evaluation": {"type": "integer", "minimum": 0},
                        "time": {"type": "number", "description": "0 = noise, 1 = image."},
                        "layers": {
                          "type": "array",
                          "items": {"type": "string", "enum": ["computed", "pruned", "skipped", "reused", "forecast"]}
                        },
                        "head": {"type": "string", "enum": ["computed", "reused", "forecast", "not needed"]},
                        "features": {"type": "string", "enum": ["computed", "reused", "forecast", "not needed"]},
                        "velocity": {"type": "string", "enum": ["computed", "reused", "forecast"]},
                        "branches": {"type": "string", "enum": ["both", "conditional", "reused difference"]},
                        "milliseconds": {"type": "number"}
                      }
                    }
                  }
                }
              },
              "AnswerTrace": {
                "type": "object",
                "required": ["profile", "grid", "frame_grid", "kept_tokens"],
                "properties": {
                  "profile": {"type": "string", "description": "What differs from the exact engine."},
                  "grid": {"$ref": "#/components/schemas/Grid"},
                  "frame_grid": {"$ref": "#/components/schemas/Grid"},
                  "kept_tokens": {
                    "type": "array",
                    "description": "Of each picture and each frame the tokens that stayed, row by row; empty when all did.",
                    "items": {"type": "array", "items": {"type": "integer", "minimum": 0}}
                  },
                  "timings": {"type": "object", "description": "Seconds of computing: encoding, reading, question, decoding."}
                }
              },
              "Grid": {
                "type": "object",
                "required": ["columns", "rows"],
                "properties": {"columns": {"type": "integer", "minimum": 1}, "rows": {"type": "integer", "minimum": 1}}
              },
              "Description": {
                "type": "object",
                "required": ["model", "names", "version", "drawing", "reading", "profiles", "usual_profile", "profile_fields"],
                "properties": {
                  "model": {"type": "string"},
                  "names": {"type": "array", "items": {"type": "string"}},
                  "version": {"type": "string"},
                  "drawing": {"type": "object", "description": "Sizes, points and guidance that are usual, and limits."},
                  "reading": {"type": "object", "description": "How pictures and videos are read, and limits."},
                  "usual_profile": {"type": "string", "description": "What a request without accelerate gets."},
                  "profile_fields": {"type": "object", "additionalProperties": {"type": "string"}},
                  "profiles": {
                    "type": "array",
                    "items": {
                      "type": "object",
                      "required": ["name", "changes", "drawing", "asking"],
                      "properties": {
                        "name": {"type": "string"},
                        "changes": {"type": "string"},
                        "note": {"type": "string"},
                        "drawing": {"$ref": "#/components/schemas/ProfileUse"},
                        "asking": {"$ref": "#/components/schemas/ProfileUse"}
                      }
                    }
                  }
                }
              },
              "ProfileUse": {
                "type": "object",
                "required": ["usable"],
                "properties": {
                  "usable": {"type": "boolean"},
                  "reason": {"type": "string", "description": "Why it can't be used."},
                  "speedup": {"type": "number", "description": "As tuning measured it."},
                  "points_lost": {"type": "number", "description": "Of 100, as tuning measured them."}
                }
              },
              "WebUIRequest": {
                "type": "object",
                "properties": {
                  "prompt": {"type": "string"},
                  "negative_prompt": {"type": "string"},
                  "steps": {"type": "integer", "minimum": 1, "maximum": 1000},
                  "cfg_scale": {"type": "number", "minimum": 0, "maximum": 1000},
                  "seed": {
                    "type": "integer",
                    "minimum": -9223372036854775808,
                    "maximum": 9223372036854775807,
                    "description": "Of the noise or the random choices; a negative one counts as none."
                  },
                  "width": {"type": "integer", "minimum": 1, "maximum": 100000},
                  "height": {"type": "integer", "minimum": 1, "maximum": 100000},
                  "batch_size": {"type": "integer", "minimum": 1, "maximum": 10},
                  "n_iter": {"type": "integer", "minimum": 1, "maximum": 1}
                }
              },
              "WebUIAnswer": {
                "type": "object",
                "required": ["images", "info"],
                "properties": {
                  "images": {"type": "array", "items": {"type": "string"}},
                  "info": {"type": "string"},
                  "parameters": {"type": "object"}
                }
              },
              "Health": {
                "type": "object",
                "required": ["status"],
                "properties": {"status": {"type": "string", "enum": ["ok", "loading"]}, "loaded": {"type": "number"}}
              }
            }
          },
          "paths": {
            "/health": {
              "get": {
                "summary": "Whether the model is loaded.",
                "security": [{}],
                "responses": {
                  "200": {"description": "Done.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}},
                  "503": {"description": "Not yet.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}},
                  "403": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/metrics": {
              "get": {
                "summary": "Numbers for Prometheus.",
                "security": [{}, {"key": []}],
                "responses": {
                  "200": {"description": "Done.", "content": {"text/plain": {"schema": {"type": "string"}}}},
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/openapi.json": {
              "get": {
                "summary": "This document.",
                "security": [{}],
                "responses": {
                  "200": {"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}},
                  "403": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/v1/models": {
              "get": {
                "summary": "The model and its aliases.",
                "security": [{}, {"key": []}],
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"type": "object", "required": ["object", "data"]}}}
                  },
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/v1/flashu": {
              "get": {
                "summary": "What the model and this server do: sizes, profiles, limits.",
                "security": [{}, {"key": []}],
                "responses": {
                  "200": {"description": "Done.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Description"}}}},
                  "400": {"$ref": "#/components/responses/Error"},
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/v1/images/generations": {
              "post": {
                "summary": "Draw.",
                "security": [{}, {"key": []}],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ImagesRequest"}}}
                },
                "responses": {
                  "200": {
                    "description": "Images, or with stream the events image_generation.partial_image and image_generation.completed.",
                    "content": {
                      "application/json": {"schema": {"$ref": "#/components/schemas/ImagesAnswer"}},
                      "text/event-stream": {"schema": {"type": "string"}}
                    }
                  },
                  "400": {"$ref": "#/components/responses/Error"},
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "404": {"$ref": "#/components/responses/Error"},
                  "408": {"$ref": "#/components/responses/Error"},
                  "413": {"$ref": "#/components/responses/Error"},
                  "415": {"$ref": "#/components/responses/Error"},
                  "429": {"$ref": "#/components/responses/Error"},
                  "500": {"$ref": "#/components/responses/Error"},
                  "501": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"},
                  "504": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/v1/images/edits": {
              "post": {
                "summary": "Always refused: the model draws from text alone.",
                "security": [{}, {"key": []}],
                "responses": {
                  "400": {"$ref": "#/components/responses/Error"},
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/v1/chat/completions": {
              "post": {
                "summary": "Ask about images and videos, chat, or draw with modalities [\"image\"].",
                "security": [{}, {"key": []}],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ChatRequest"}}}
                },
                "responses": {
                  "200": {
                    "description": "The answer, or with stream its pieces and data: [DONE].",
                    "content": {
                      "application/json": {"schema": {"$ref": "#/components/schemas/ChatAnswer"}},
                      "text/event-stream": {"schema": {"type": "string"}}
                    }
                  },
                  "400": {"$ref": "#/components/responses/Error"},
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "404": {"$ref": "#/components/responses/Error"},
                  "408": {"$ref": "#/components/responses/Error"},
                  "413": {"$ref": "#/components/responses/Error"},
                  "415": {"$ref": "#/components/responses/Error"},
                  "429": {"$ref": "#/components/responses/Error"},
                  "500": {"$ref": "#/components/responses/Error"},
                  "501": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"},
                  "504": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/sdapi/v1/options": {
              "get": {
                "summary": "The model's name.",
                "security": [{}, {"key": []}],
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"type": "object", "required": ["sd_model_checkpoint"]}}}
                  },
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"}
                }
              },
              "post": {
                "summary": "Choose a model: the one that is served.",
                "security": [{}, {"key": []}],
                "requestBody": {
                  "required": true,
                  "content": {
                    "application/json": {"schema": {"type": "object", "properties": {"sd_model_checkpoint": {"type": "string"}}}}
                  }
                },
                "responses": {
                  "200": {"description": "Done.", "content": {"application/json": {"schema": {"type": "object"}}}},
                  "400": {"$ref": "#/components/responses/Error"},
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "404": {"$ref": "#/components/responses/Error"},
                  "408": {"$ref": "#/components/responses/Error"},
                  "413": {"$ref": "#/components/responses/Error"},
                  "415": {"$ref": "#/components/responses/Error"},
                  "429": {"$ref": "#/components/responses/Error"},
                  "500": {"$ref": "#/components/responses/Error"},
                  "501": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"},
                  "504": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/sdapi/v1/sd-models": {
              "get": {
                "summary": "The model and its aliases.",
                "security": [{}, {"key": []}],
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {
                      "application/json": {"schema": {"type": "array", "items": {"type": "object", "required": ["title", "model_name"]}}}
                    }
                  },
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"}
                }
              }
            },
            "/sdapi/v1/txt2img": {
              "post": {
                "summary": "Draw.",
                "security": [{}, {"key": []}],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebUIRequest"}}}
                },
                "responses": {
                  "200": {
                    "description": "Done.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebUIAnswer"}}}
                  },
                  "400": {"$ref": "#/components/responses/Error"},
                  "401": {"$ref": "#/components/responses/Error"},
                  "403": {"$ref": "#/components/responses/Error"},
                  "404": {"$ref": "#/components/responses/Error"},
                  "408": {"$ref": "#/components/responses/Error"},
                  "413": {"$ref": "#/components/responses/Error"},
                  "415": {"$ref": "#/components/responses/Error"},
                  "429": {"$ref": "#/components/responses/Error"},
                  "500": {"$ref": "#/components/responses/Error"},
                  "501": {"$ref": "#/components/responses/Error"},
                  "503": {"$ref": "#/components/responses/Error"},
                  "504": {"$ref": "#/components/responses/Error"}
                }
              }
            }
          }
        }
        """#
}
