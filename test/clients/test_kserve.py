"""KServe's own REST client."""

import base64
import unittest

import httpx
import numpy as np
from digits import URL, image
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

MODEL = "mnist-cnn"


def instances(*digits):
    return [{"b64": base64.b64encode(image(digit)).decode()} for digit in digits]


class V1(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = InferenceRESTClient(RESTConfig(protocol="v1"))

    async def asyncTearDown(self):
        await self.client.close()

    async def test_server_and_model_are_ready(self):
        self.assertTrue(await self.client.is_server_live(URL))
        self.assertTrue(await self.client.is_model_ready(URL, MODEL))

    async def test_an_unknown_model_is_an_error(self):
        with self.assertRaises(httpx.HTTPStatusError) as raised:
            await self.client.is_model_ready(URL, "nothing")
        self.assertEqual(raised.exception.response.status_code, 404)

    async def test_predict(self):
        answer = await self.client.infer(URL, {"instances": instances(3, 7, 9)}, model_name=MODEL)
        predictions = np.array(answer["predictions"])
        self.assertEqual(predictions.shape, (3, 10))
        self.assertEqual(predictions.argmax(1).tolist(), [3, 7, 9])
        np.testing.assert_allclose(predictions.sum(1), 1, atol=1e-6)

    async def test_explain(self):
        data = {"instances": instances(3, 7), "method": "lrp", "composite": "epsilon"}
        answer = await self.client.explain(URL, MODEL, data)
        self.assertEqual(np.array(answer["predictions"]).argmax(1).tolist(), [3, 7])
        for explanation, digit in zip(answer["explanations"], [3, 7]):
            self.assertEqual(explanation["target"]["index"], digit)
            relevance = np.array(explanation["relevance"])
            self.assertEqual(relevance.shape, (1, 28, 28))
            self.assertAlmostEqual(relevance.sum(), explanation["conservation"]["input_sum"], places=3)

    async def test_bad_instances_are_refused(self):
        with self.assertRaises(httpx.HTTPStatusError) as raised:
            await self.client.infer(URL, {"instances": [[1, 2]]}, model_name=MODEL)
        self.assertEqual(raised.exception.response.status_code, 422)
        self.assertIn("instances[0]", raised.exception.response.json()["error"])


class V2(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = InferenceRESTClient(RESTConfig(protocol="v2"))

    async def asyncTearDown(self):
        await self.client.close()

    async def test_server_and_model_are_ready(self):
        self.assertTrue(await self.client.is_server_live(URL))
        self.assertTrue(await self.client.is_server_ready(URL))
        self.assertTrue(await self.client.is_model_ready(URL, MODEL))
        self.assertFalse(await self.client.is_model_ready(URL, "nothing"))

    async def test_json_and_binary_give_the_same(self):
        values = np.random.default_rng(0).random((2, 1, 28, 28), dtype=np.float32)
        answers = []
        for binary in (False, True):
            tensor = InferInput("input", list(values.shape), "FP32")
            tensor.set_data_from_numpy(values, binary_data=binary)
            parameters = {"binary_data_output": binary}
            request = InferRequest(MODEL, [tensor], request_id="seven", parameters=parameters)
            answers.append(await self.client.infer(URL, request, model_name=f"{MODEL}--deep-taylor"))
        plain, binary = ({output.name: output.as_numpy() for output in answer.outputs} for answer in answers)
        self.assertEqual([answer.id for answer in answers], ["seven", "seven"])
        self.assertEqual(plain["relevance"].shape, (2, 1, 28, 28))
        self.assertEqual(plain["prediction"].shape, (2, 10))
        for name in ("relevance", "prediction"):
            np.testing.assert_array_equal(plain[name], binary[name])


if __name__ == "__main__":
    unittest.main()
